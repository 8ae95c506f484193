"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Returned } from "@/lib/database.types";
import { readAgain } from "@/lib/read-again";
import { useSubscription } from "@/lib/subscribe";
import { browserClient } from "@/lib/supabase/browser";
import { usePerson } from "@/shell/person";
import { INVITATIONS_KEY } from "./keys";
import { invitationsQuery } from "./queries";

export type Invitation = Returned<"my_invitations">[number];

/** What others offer to share, live. */
export function useInvitations(): Invitation[] {
  const { id } = usePerson();
  const cache = useQueryClient();
  const refresh = () => void readAgain(cache, INVITATIONS_KEY);
  useSubscription(`person:${id}`, {
    hear: ({ payload }) => {
      if (payload.table === "invitations") refresh();
    },
    catchUp: refresh,
  });
  return useQuery(invitationsQuery(browserClient)).data ?? [];
}
