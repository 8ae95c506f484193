"use client";

import { useDeletions } from "@/documents/deletions";
import { browserClient } from "@/lib/supabase/browser";

/** Leaving on purpose: the guard of the session has nothing to say then. */
export const leaving = { now: false };

/** Sign out here, or on all devices; false if the server could not be told. */
export async function leave(scope: "local" | "global"): Promise<boolean> {
  leaving.now = true;
  await useDeletions.getState().hurry(); // in the name of who asked for it
  const { error } = await (await browserClient()).auth.signOut({ scope });
  if (error && scope === "global") {
    leaving.now = false;
    return false;
  }
  // A whole new page: nothing of this person stays in memory.
  // eslint-disable-next-line @next/next/no-location-assign-relative-destination
  location.assign("/sign-in");
  return true;
}
