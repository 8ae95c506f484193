import { createServerClient } from "@supabase/ssr";
import { type NextRequest, NextResponse } from "next/server";
import { readSettings } from "@/lib/settings";
import { cookieOptions } from "./cookies";
import { isUntold } from "./untold";

/** So long a request waits for Auth. */
const PATIENCE_MS = 3_000;

export interface Refreshed {
  response: NextResponse;
  /** Null: Auth has not told in time. */
  signedIn: boolean | null;
}

/**
 * Refresh the session of a request where it is due, and pass the request on with `headers`.
 *
 * New cookies go both ways: to the page that is about to be rendered, and to the browser. If Auth cannot be reached no
 * cookie is touched.
 */
export async function refreshSession(request: NextRequest, headers: Headers): Promise<Refreshed> {
  const { supabaseUrl, supabaseKey } = readSettings(process.env);
  let response = NextResponse.next({ request: { headers } });
  const client = createServerClient(supabaseUrl, supabaseKey, {
    cookieOptions: cookieOptions(request.nextUrl.protocol),
    cookies: {
      getAll: () => request.cookies.getAll(),
      setAll: (changed) => {
        for (const { name, value } of changed) request.cookies.set(name, value);
        headers.set("cookie", request.cookies.toString());
        response = NextResponse.next({ request: { headers } });
        for (const { name, value, options } of changed) response.cookies.set(name, value, options);
      },
    },
  });
  // Auth is asked: a token stays valid for its hour, also when its person has signed out everywhere since.
  const answer = await Promise.race([client.auth.getUser(), end(PATIENCE_MS)]); // it would try again for half a minute
  return { response, signedIn: !answer || isUntold(answer.error) ? null : Boolean(answer.data.user) };
}

function end(after: number): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, after, null));
}
