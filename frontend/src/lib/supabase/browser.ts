"use client";

import type { Database } from "@/lib/database.types";
import { pageSettings } from "@/lib/page-settings";
import { patiently } from "@/lib/patiently";
import type { Client } from "./client";
import { cookieOptions } from "./cookies";

let client: Promise<Client> | undefined;

/**
 * The one client of this tab; for the browser only. It is a fifth of what a page needs to load, and nothing that is seen at
 * first needs it: so it is loaded when it is first asked for.
 */
export function browserClient(): Promise<Client> {
  return (client ??= load());
}

async function load(): Promise<Client> {
  const { supabaseUrl, supabaseKey } = pageSettings();
  const { createBrowserClient } = await patiently(() => import("@supabase/ssr"));
  await new Promise((resolve) => setTimeout(resolve)); // the page may react in between
  return createBrowserClient<Database>(supabaseUrl, supabaseKey, {
    cookieOptions: cookieOptions(location.protocol),
    // Dead sockets are noticed within half of this.
    realtime: { heartbeatIntervalMs: 15_000 },
  });
}
