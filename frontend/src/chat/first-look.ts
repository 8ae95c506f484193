import "server-only";
import { type DehydratedState, dehydrate } from "@tanstack/react-query";
import { prefetchLibraries } from "@/documents/first-look";
import { queryClient } from "@/lib/queries";
import { serverClient, soon } from "@/lib/supabase/server";
import { openersQuery } from "./effects/openers";
import { readRows, type Rows } from "./effects/read-rows";

/** So many messages fill a screen; the browser reads all of them. */
const LAST = 8;

/** What a new conversation shows at first. What could not be read in time is missing: the browser asks for it. */
export async function firstOfNew(): Promise<DehydratedState> {
  const cache = queryClient();
  await Promise.all([prefetchLibraries(cache), cache.prefetchQuery(openersQuery(serverClient, null))]);
  return dehydrate(cache);
}

/** The end of a conversation, null if it could not be read in time, and what is around it. */
export async function firstOf(conversation: string): Promise<{ latest: Rows | null; state: DehydratedState }> {
  const client = await serverClient();
  const cache = queryClient();
  const [{ value: latest }] = await Promise.all([readRows(client, conversation, LAST, soon()), prefetchLibraries(cache)]);
  return { latest, state: dehydrate(cache) };
}
