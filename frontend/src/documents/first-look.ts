import "server-only";
import { type DehydratedState, dehydrate, type QueryClient } from "@tanstack/react-query";
import { queryClient } from "@/lib/queries";
import { currentPerson, serverClient } from "@/lib/supabase/server";
import { chosenOf, type Library } from "./library";
import { documentsQuery, librariesQuery, usageQuery } from "./queries";

/** What the documents' screen shows at first. What could not be read in time is missing: the browser asks for it. */
export async function firstDocuments(wanted: readonly (string | null)[]): Promise<DehydratedState> {
  const cache = queryClient();
  const chosen = chosenOf(await prefetchLibraries(cache), wanted);
  if (chosen) await prefetchLibrary(cache, chosen.id);
  return dehydrate(cache);
}

export async function prefetchLibraries(cache: QueryClient): Promise<readonly Library[]> {
  const person = await currentPerson();
  if (!person) return [];
  const asked = librariesQuery(serverClient, person.id);
  await cache.prefetchQuery(asked);
  return cache.getQueryData(asked.queryKey) ?? [];
}

async function prefetchLibrary(cache: QueryClient, library: string): Promise<void> {
  const documents = documentsQuery(serverClient, library, { order: "newest", name: "" });
  await Promise.all([cache.prefetchInfiniteQuery(documents), cache.prefetchQuery(usageQuery(serverClient, library))]);
}
