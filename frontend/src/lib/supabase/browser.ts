"use client";

import { createBrowserClient } from "@supabase/ssr";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "@/lib/database.types";
import { pageSettings } from "@/lib/page-settings";

export type Client = SupabaseClient<Database>;

let client: Client | undefined;

/** The one client of this tab; call it in the browser only (in effects and handlers, never while rendering). */
export function browserClient(): Client {
  if (client) return client;
  const { supabaseUrl, supabaseKey } = pageSettings();
  client = createBrowserClient<Database>(supabaseUrl, supabaseKey, {
    cookieOptions: { sameSite: "lax", secure: location.protocol === "https:" },
    // Dead sockets are noticed within half of this.
    realtime: { heartbeatIntervalMs: 15_000 },
  });
  return client;
}
