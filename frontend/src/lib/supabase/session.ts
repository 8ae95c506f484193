import { createServerClient } from "@supabase/ssr";
import { type NextRequest, NextResponse } from "next/server";
import { readSettings } from "@/lib/settings";
import { cookieOptions } from "./cookies";

export interface Refreshed {
  response: NextResponse;
  signedIn: boolean;
}

/**
 * Refresh the session of a request where it is due, and pass the request on with `headers`.
 *
 * New cookies go both ways: to the page that is about to be rendered, and to the browser. If Auth cannot be reached the
 * person counts as signed out for this request only; no cookie is touched.
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
  const { data } = await client.auth.getUser();
  return { response, signedIn: Boolean(data.user) };
}
