"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Returned } from "@/lib/database.types";
import { useSubscription } from "@/lib/subscribe";
import { browserClient } from "@/lib/supabase/browser";
import { usePerson } from "@/shell/person";

export type Invitation = Returned<"my_invitations">[number];

export const INVITATIONS_KEY = ["invitations"] as const;

/** What others offer to share, live. */
export function useInvitations(): Invitation[] {
  const { id } = usePerson();
  const cache = useQueryClient();
  const refresh = () => void cache.invalidateQueries({ queryKey: INVITATIONS_KEY });
  useSubscription(`person:${id}`, {
    hear: ({ payload }) => {
      if (payload.table === "invitations") refresh();
    },
    catchUp: refresh,
  });
  const { data = [] } = useQuery({
    queryKey: INVITATIONS_KEY,
    queryFn: async () => (await browserClient().rpc("my_invitations").throwOnError()).data,
  });
  return data;
}
