import "server-only";
import { createServerClient } from "@supabase/ssr";
import { cookies, headers } from "next/headers";
import { cache } from "react";
import type { Database } from "@/lib/database.types";
import { serverSettings } from "@/lib/server-settings";
import type { Client } from "./client";
import { cookieOptions } from "./cookies";
import { isUntold, UNTOLD } from "./untold";

/** A page waits no longer for what it would show at first; the browser asks again. */
const PATIENCE_MS = 3_000;

/** The client of one request, as the person whose cookies came with it. */
export const serverClient = cache(() => connect(fetchSoon));

/** The same, for what a person waits for however long it takes. */
export const patientClient = () => connect(fetch);

async function connect(using: typeof fetch): Promise<Client> {
  const [store, sent] = [await cookies(), await headers()];
  const { supabaseUrl, supabaseKey } = serverSettings();
  return createServerClient<Database>(supabaseUrl, supabaseKey, {
    global: { fetch: using },
    cookieOptions: cookieOptions(sent.get("x-forwarded-proto") ?? "http"), // set by the framework where no proxy does
    cookies: {
      getAll: () => store.getAll(),
      setAll: (changed) => {
        try {
          for (const { name, value, options } of changed) store.set(name, value, options);
        } catch {
          // A server component cannot set cookies; the proxy has refreshed them already.
        }
      },
    },
  });
}

/** The end of a page's patience. */
export function soon(): AbortSignal {
  return AbortSignal.timeout(PATIENCE_MS);
}

function fetchSoon(address: RequestInfo | URL, request: RequestInit = {}): Promise<Response> {
  return fetch(address, { ...request, signal: request.signal ? AbortSignal.any([request.signal, soon()]) : soon() });
}

export interface Person {
  id: string;
  email: string;
}

/** Who asks, or null; the token is checked, not only read. Throws if Auth does not tell in time. */
export const currentPerson = cache(async (): Promise<Person | null> => {
  const { data, error } = await (await serverClient()).auth.getClaims();
  if (error && isUntold(error)) throw Object.assign(error, { digest: UNTOLD });
  return data ? { id: data.claims.sub, email: data.claims.email ?? "" } : null;
});
