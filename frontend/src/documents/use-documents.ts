"use client";

import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { readAgain } from "@/lib/read-again";
import { browserClient } from "@/lib/supabase/browser";
import { useSubscription } from "@/lib/subscribe";
import { type Document, documentOf } from "./document";
import { applyChange, documentsOf, type Filter, type Listed } from "./document-list";
import { documentsKey, usageKey } from "./keys";
import { documentsQuery } from "./queries";

/** The documents of a library, live; `onChange` hears of each change of one. */
export function useDocuments(library: string, filter: Filter, onChange: (document: Document) => void) {
  const cache = useQueryClient();
  const asked = documentsQuery(browserClient, library, filter);
  const { queryKey } = asked;
  const query = useInfiniteQuery(asked);
  useSubscription(`library:${library}`, {
    hear: ({ event, payload }) => {
      const document = documentOf(payload.record);
      if (document) onChange(document);
      const list = cache.getQueryData<Listed>(queryKey);
      const after = list && applyChange(list, payload, filter);
      if (after) cache.setQueryData(queryKey, after);
      // A list that is being read may still have what is gone, and not what is new.
      if (!after || (event !== "UPDATE" && cache.isFetching({ queryKey }) > 0)) void readAgain(cache, queryKey);
      if (event !== "UPDATE") void cache.invalidateQueries({ queryKey: usageKey(library) });
    },
    catchUp: () => void readAgain(cache, documentsKey(library)),
  });
  const documents = useMemo(() => documentsOf(query.data?.pages ?? []), [query.data]);
  // Named one by one: who takes all is rendered anew with every request.
  const { isPending, isError, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  return { documents, isPending, isError, refetch, hasNextPage, isFetchingNextPage, fetchNextPage };
}
