"use client";

import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { browserClient } from "@/lib/supabase/browser";
import { useSubscription } from "@/lib/subscribe";
import { type Document, DOCUMENT_COLUMNS, documentOf } from "./document";
import { applyChange, type Filter, type Listed, type Order } from "./document-list";
import { documentsKey } from "./documents-key";
import { usageKey } from "./use-usage";

const PAGE = 50;
const ORDERS: Record<Order, { column: "created_at" | "title" | "bytes"; ascending: boolean }> = {
  newest: { column: "created_at", ascending: false },
  title: { column: "title", ascending: true },
  size: { column: "bytes", ascending: false },
};

/** The documents of a library, live; `onChange` hears of each change of one. */
export function useDocuments(library: string, filter: Filter, onChange: (document: Document) => void) {
  const cache = useQueryClient();
  const queryKey = [...documentsKey(library), filter];
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => readPage(library, filter, pageParam),
    initialPageParam: 0,
    getNextPageParam: (last, all) => (last.length < PAGE ? undefined : all.length * PAGE),
  });
  useSubscription(`library:${library}`, {
    hear: ({ event, payload }) => {
      const document = documentOf(payload.record);
      if (document) onChange(document);
      const list = cache.getQueryData<Listed>(queryKey);
      if (!list) return;
      const after = applyChange(list, payload, filter);
      if (after) cache.setQueryData(queryKey, after);
      else void cache.invalidateQueries({ queryKey });
      if (event !== "UPDATE") void cache.invalidateQueries({ queryKey: usageKey(library) });
    },
    catchUp: () => void cache.invalidateQueries({ queryKey: documentsKey(library) }),
  });
  const documents = useMemo(() => query.data?.pages.flat() ?? [], [query.data]);
  return { ...query, documents };
}

async function readPage(library: string, filter: Filter, from: number): Promise<Document[]> {
  const { column, ascending } = ORDERS[filter.order];
  let query = browserClient().from("documents").select(DOCUMENT_COLUMNS).eq("library_id", library);
  if (filter.name) query = query.ilike("title", `%${filter.name.replace(/[\\%_]/g, "\\$&")}%`);
  const { data } = await query
    .order(column, { ascending, nullsFirst: false })
    .order("id")
    .range(from, from + PAGE - 1)
    .throwOnError();
  return data;
}
