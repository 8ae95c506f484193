/** The chat's requests to the Data API. Inserting a row asks; everything else is a row or a function as well. */

import { browserClient } from "@/lib/supabase/browser";
import { type Failure, failureOf, isRepeated } from "../model/failures";
import { type Conversation, type Feedback, type Message, readConversation, readMessage } from "../model/rows";

export type Outcome<T> = { readonly value: T; readonly failure: null } | { readonly value: null; readonly failure: Failure };

export interface Rows {
  readonly conversation: Conversation;
  readonly messages: readonly Message[];
}

export interface Api {
  /** Null: there is no such conversation, or it is somebody else's. */
  read(conversation: string): Promise<Outcome<Rows | null>>;
  start(conversation: string, library: string | null): Promise<Failure | null>;
  ask(conversation: string, id: string, content: string): Promise<Failure | null>;
  stop(answer: string): Promise<Failure | null>;
  /** Both give the id of the new message. */
  regenerate(answer: string): Promise<Outcome<string>>;
  edit(question: string, content: string): Promise<Outcome<string>>;
  rate(answer: string, feedback: Feedback | null): Promise<Failure | null>;
  answerFrom(conversation: string, library: string | null): Promise<Failure | null>;
}

const PATIENCE_MS = 15_000;
const MOST_MESSAGES = 500;
const MESSAGE = "*,citations(*),feedback(rating,comment)";

interface Reply {
  readonly error: unknown;
  readonly status: number;
}

export const dataApi: Api = {
  async read(id) {
    const client = browserClient();
    const [found, messages] = await Promise.all([
      client.from("conversations").select("id,title,library_id,updated_at").eq("id", id).abortSignal(patience()).maybeSingle(),
      client
        .from("messages")
        .select(MESSAGE)
        .eq("conversation_id", id)
        .is("superseded_at", null)
        .order("position", { ascending: false })
        .limit(MOST_MESSAGES)
        .abortSignal(patience()),
    ]);
    const failure = failed(found) ?? failed(messages);
    if (failure !== null) return { value: null, failure };
    const conversation = readConversation(found.data);
    const rows = (messages.data ?? []).flatMap((row) => readMessage(row) ?? []);
    return { value: conversation === null ? null : { conversation, messages: rows }, failure: null };
  },

  async start(id, library) {
    return failedToInsert(
      await browserClient().from("conversations").insert({ id, library_id: library }).abortSignal(patience()),
    );
  },

  async ask(conversation, id, content) {
    const row = { id, conversation_id: conversation, content };
    return failedToInsert(await browserClient().from("messages").insert(row).abortSignal(patience()));
  },

  async stop(answer) {
    const change = browserClient().from("messages").update({ status: "cancelled" });
    return failed(await change.eq("id", answer).in("status", ["pending", "streaming"]).abortSignal(patience()));
  },

  async regenerate(answer) {
    return outcome(await browserClient().rpc("regenerate_answer", { p_message: answer }).abortSignal(patience()));
  },

  async edit(question, content) {
    const change = { p_message: question, p_content: content };
    return outcome(await browserClient().rpc("edit_question", change).abortSignal(patience()));
  },

  async rate(answer, feedback) {
    const rows = browserClient().from("feedback");
    if (feedback === null) return failed(await rows.delete().eq("message_id", answer).abortSignal(patience()));
    // Not an upsert: that would write the message's id again, which nobody may.
    const changed = await rows.update(feedback).eq("message_id", answer).select("message_id").abortSignal(patience());
    if (changed.error !== null || changed.data.length > 0) return failed(changed);
    const row = { message_id: answer, rating: feedback.rating, comment: feedback.comment };
    return failedToInsert(await browserClient().from("feedback").insert(row).abortSignal(patience()));
  },

  async answerFrom(conversation, library) {
    const change = browserClient().from("conversations").update({ library_id: library });
    return failed(await change.eq("id", conversation).abortSignal(patience()));
  },
};

function patience(): AbortSignal {
  return AbortSignal.timeout(PATIENCE_MS);
}

function failed({ error, status }: Reply): Failure | null {
  return error === null ? null : failureOf(error, status);
}

/** The id is ours: a row that is there already is an attempt whose reply was lost. */
function failedToInsert(reply: Reply): Failure | null {
  return isRepeated(reply.error) ? null : failed(reply);
}

function outcome(reply: Reply & { readonly data: string | null }): Outcome<string> {
  const failure = failed(reply);
  return failure === null ? { value: reply.data ?? "", failure: null } : { value: null, failure };
}
