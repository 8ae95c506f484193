import "server-only";
import { createServerClient } from "@supabase/ssr";
import { cookies } from "next/headers";
import type { Database } from "@/lib/database.types";
import { serverSettings } from "@/lib/server-settings";

/** A client for one request, as the person whose cookies came with it. */
export async function serverClient() {
  const store = await cookies();
  const { supabaseUrl, supabaseKey } = serverSettings();
  return createServerClient<Database>(supabaseUrl, supabaseKey, {
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

export interface Person {
  id: string;
  email: string;
}

/** Who asks, or null; the token is checked, not only read. */
export async function currentPerson(): Promise<Person | null> {
  const { data } = await (await serverClient()).auth.getClaims();
  return data ? { id: data.claims.sub, email: data.claims.email ?? "" } : null;
}
