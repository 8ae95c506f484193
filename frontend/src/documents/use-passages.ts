"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { browserClient } from "@/lib/supabase/browser";
import type { Passage } from "./passages";

const SOME = 30;
const COLUMNS = "id, ordinal, text, page, char_start, char_end, heading_path";

/** The text of a document that is searched now, in order, from a page on; more on request in both directions. */
export function usePassages(document: string, version: number | null, fromPage: number | null) {
  return useInfiniteQuery({
    queryKey: ["passages", document, version, fromPage],
    enabled: version !== null,
    staleTime: Infinity, // a version never changes
    initialPageParam: null as number | null,
    queryFn: async ({ pageParam }) => read(document, pageParam ?? (await firstOrdinal(document, fromPage))),
    getNextPageParam: (last) => (last.length < SOME ? undefined : (last.at(-1)?.ordinal ?? 0) + 1),
    getPreviousPageParam: (first) => {
      const ordinal = first[0]?.ordinal ?? 0;
      return ordinal === 0 ? undefined : Math.max(0, ordinal - SOME);
    },
  });
}

async function read(document: string, from: number): Promise<Passage[]> {
  const { data } = await (await browserClient())
    .from("chunks")
    .select(COLUMNS)
    .eq("document_id", document)
    .gte("ordinal", from)
    .lt("ordinal", from + SOME)
    .order("ordinal")
    .throwOnError();
  return data;
}

/** The passage with which a page begins: the last one that begins before it, if none begins there. */
async function firstOrdinal(document: string, page: number | null): Promise<number> {
  if (page === null) return 0;
  const client = await browserClient();
  const passages = () => client.from("chunks").select("ordinal").eq("document_id", document);
  const { data: there } = await passages().eq("page", page).order("ordinal").limit(1).throwOnError();
  if (there[0]) return there[0].ordinal;
  const { data: before } = await passages().lt("page", page).order("ordinal", { ascending: false }).limit(1).throwOnError();
  return before[0]?.ordinal ?? 0;
}
