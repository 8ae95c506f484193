"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { readAgain } from "@/lib/read-again";
import { browserClient } from "@/lib/supabase/browser";
import { useSubscription } from "@/lib/subscribe";
import { usePerson } from "@/shell/person";
import { LIBRARIES_KEY } from "./keys";
import { librariesQuery } from "./queries";

/** The libraries that the person may use, live. */
export function useLibraries() {
  const { id } = usePerson();
  const cache = useQueryClient();
  const refresh = () => void readAgain(cache, LIBRARIES_KEY);
  useSubscription(`person:${id}`, {
    hear: ({ payload }) => {
      if (payload.table === "libraries" || payload.table === "library_members") refresh();
    },
    catchUp: refresh,
  });
  return useQuery(librariesQuery(browserClient, id));
}
