"use client";

import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { containing } from "@/lib/containing";
import { readAgain } from "@/lib/read-again";
import { browserClient } from "@/lib/supabase/browser";
import { useSubscription } from "@/lib/subscribe";
import { usePerson } from "@/shell/person";
import { type Failure, failureOf } from "../model/failures";
import { type Conversation, readConversation } from "../model/rows";

const KEY = "conversations";
const LONGEST_TITLE = 120;

export interface Found {
  readonly conversations: readonly Conversation[];
  readonly hasMore: boolean;
}

/** The person's conversations whose title holds some words, the last used first; live. */
export function useConversations(words: string, most: number) {
  const { id } = usePerson();
  const cache = useQueryClient();
  const refresh = () => void readAgain(cache, [KEY]);
  useSubscription(`person:${id}`, {
    hear: ({ payload }) => {
      if (payload.table === "conversations") refresh();
    },
    catchUp: refresh,
  });
  return useQuery({
    queryKey: [KEY, words, most],
    queryFn: ({ signal }) => find(words, most, signal),
    placeholderData: keepPreviousData,
  });
}

/** Both answer with what went wrong, null if nothing did. */
export function useConversationChanges() {
  const cache = useQueryClient();
  async function settled({ error, status }: { error: unknown; status: number }): Promise<Failure | null> {
    await cache.invalidateQueries({ queryKey: [KEY] });
    return error === null ? null : failureOf(error, status);
  }
  return {
    rename: async (id: string, title: string) =>
      settled(await (await browserClient()).from("conversations").update({ title: title.slice(0, LONGEST_TITLE) }).eq("id", id)),
    remove: async (id: string) => settled(await (await browserClient()).from("conversations").delete().eq("id", id)),
  };
}

async function find(words: string, most: number, signal: AbortSignal): Promise<Found> {
  const rows = (await browserClient()).from("conversations").select("id, title, library_id, updated_at");
  const matching = words === "" ? rows : rows.ilike("title", containing(words));
  const { data } = await matching
    .order("updated_at", { ascending: false })
    .limit(most + 1)
    .abortSignal(signal)
    .throwOnError();
  const conversations = data.flatMap((row) => readConversation(row) ?? []);
  return { conversations: conversations.slice(0, most), hasMore: conversations.length > most };
}
