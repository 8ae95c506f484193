/** The rows of a conversation, read in the same way by the server and by the browser. */

import type { Client } from "@/lib/supabase/client";
import { type Conversation, type Message, readConversation, readMessage } from "../model/rows";
import { failed, type Outcome } from "./outcome";

export interface Rows {
  readonly conversation: Conversation;
  readonly messages: readonly Message[];
}

const MESSAGE = "*,citations(*),feedback(rating,comment)";

/** The conversation with its last messages; null: there is none, or it is somebody else's. */
export async function readRows(client: Client, id: string, most: number, signal: AbortSignal): Promise<Outcome<Rows | null>> {
  const [found, messages] = await Promise.all([
    client.from("conversations").select("id,title,library_id,updated_at").eq("id", id).abortSignal(signal).maybeSingle(),
    client
      .from("messages")
      .select(MESSAGE)
      .eq("conversation_id", id)
      .is("superseded_at", null)
      .order("position", { ascending: false })
      .limit(most)
      .abortSignal(signal),
  ]);
  const failure = failed(found) ?? failed(messages);
  if (failure !== null) return { value: null, failure };
  const conversation = readConversation(found.data);
  const rows = (messages.data ?? []).flatMap((row) => readMessage(row) ?? []);
  return { value: conversation === null ? null : { conversation, messages: rows }, failure: null };
}
