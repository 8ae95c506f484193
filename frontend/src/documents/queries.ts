/** What the documents' screens ask, in the same way on the server and in the browser; `client` is called when it is asked. */

import { infiniteQueryOptions, queryOptions, replaceEqualDeep } from "@tanstack/react-query";
import { containing } from "@/lib/containing";
import type { Client, Connect } from "@/lib/supabase/client";
import { DOCUMENT_COLUMNS } from "./document";
import { documentsOf, type Filter, type Listed, notBackward, type Order, type Page } from "./document-list";
import { documentsKey, INVITATIONS_KEY, LIBRARIES_KEY, usageKey } from "./keys";
import type { Library } from "./library";

const PAGE = 50;
const ORDERS: Record<Order, { column: "created_at" | "title" | "bytes"; ascending: boolean }> = {
  newest: { column: "created_at", ascending: false },
  title: { column: "title", ascending: true },
  size: { column: "bytes", ascending: false },
};

/** The libraries that a person may use, the personal one first, then by name. */
export function librariesQuery(client: Connect, person: string) {
  return queryOptions({ queryKey: LIBRARIES_KEY, queryFn: async () => readLibraries(await client(), person) });
}

/** What others offer to share. */
export function invitationsQuery(client: Connect) {
  return queryOptions({
    queryKey: INVITATIONS_KEY,
    queryFn: async () => (await (await client()).rpc("my_invitations").throwOnError()).data,
  });
}

/** How much a library holds, and may hold; a limit that is null is none. */
export function usageQuery(client: Connect, library: string) {
  return queryOptions({
    queryKey: usageKey(library),
    queryFn: async () => (await (await client()).rpc("library_usage", { p_library: library }).throwOnError()).data[0] ?? null,
  });
}

/** The documents of a library, in pages. */
export function documentsQuery(client: Connect, library: string, filter: Filter) {
  return infiniteQueryOptions({
    queryKey: [...documentsKey(library), filter] as const,
    queryFn: async ({ pageParam }) => readPage(await client(), library, filter, pageParam),
    initialPageParam: 0,
    // Not so many pages: those that came or went while one looked have moved what follows.
    getNextPageParam: (last, all) => (last.isLast ? undefined : documentsOf(all).length),
    structuralSharing: (known, read) => replaceEqualDeep(known, notBackward(known as Listed | undefined, read as Listed)),
  });
}

async function readLibraries(client: Client, person: string): Promise<Library[]> {
  const { data } = await client
    .from("libraries")
    .select("id, name, personal, library_members(user_id, role)")
    .order("name")
    .throwOnError();
  return data
    .map(({ library_members: members, ...library }) => ({
      ...library,
      role: members.find((member) => member.user_id === person)?.role ?? "viewer",
      people: members.length,
    }))
    .sort((a, b) => Number(b.personal) - Number(a.personal));
}

async function readPage(client: Client, library: string, filter: Filter, from: number): Promise<Page> {
  const { column, ascending } = ORDERS[filter.order];
  let query = client.from("documents").select(DOCUMENT_COLUMNS).eq("library_id", library);
  if (filter.name) query = query.ilike("title", containing(filter.name));
  const { data } = await query
    .order(column, { ascending, nullsFirst: false })
    .order("id")
    .range(from, from + PAGE - 1)
    .throwOnError();
  return { documents: data, isLast: data.length < PAGE };
}
