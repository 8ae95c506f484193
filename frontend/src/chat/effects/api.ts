/** The chat's requests to the Data API. Inserting a row asks; everything else is a row or a function as well. */

import { browserClient } from "@/lib/supabase/browser";
import { type Failure, isRepeated } from "../model/failures";
import type { Feedback } from "../model/rows";
import { failed, type Outcome, type Reply } from "./outcome";
import { readRows, type Rows } from "./read-rows";

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

export const dataApi: Api = {
  async read(id) {
    return readRows(await browserClient(), id, MOST_MESSAGES, patience());
  },

  async start(id, library) {
    return failedToInsert(
      await (await browserClient()).from("conversations").insert({ id, library_id: library }).abortSignal(patience()),
    );
  },

  async ask(conversation, id, content) {
    const row = { id, conversation_id: conversation, content };
    return failedToInsert(await (await browserClient()).from("messages").insert(row).abortSignal(patience()));
  },

  async stop(answer) {
    const change = (await browserClient()).from("messages").update({ status: "cancelled" });
    return failed(await change.eq("id", answer).in("status", ["pending", "streaming"]).abortSignal(patience()));
  },

  async regenerate(answer) {
    return outcome(await (await browserClient()).rpc("regenerate_answer", { p_message: answer }).abortSignal(patience()));
  },

  async edit(question, content) {
    const change = { p_message: question, p_content: content };
    return outcome(await (await browserClient()).rpc("edit_question", change).abortSignal(patience()));
  },

  async rate(answer, feedback) {
    const rows = (await browserClient()).from("feedback");
    if (feedback === null) return failed(await rows.delete().eq("message_id", answer).abortSignal(patience()));
    // Not an upsert: that would write the message's id again, which nobody may.
    const changed = await rows.update(feedback).eq("message_id", answer).select("message_id").abortSignal(patience());
    if (changed.error !== null || changed.data.length > 0) return failed(changed);
    const row = { message_id: answer, rating: feedback.rating, comment: feedback.comment };
    return failedToInsert(await (await browserClient()).from("feedback").insert(row).abortSignal(patience()));
  },

  async answerFrom(conversation, library) {
    const change = (await browserClient()).from("conversations").update({ library_id: library });
    return failed(await change.eq("id", conversation).abortSignal(patience()));
  },
};

function patience(): AbortSignal {
  return AbortSignal.timeout(PATIENCE_MS);
}

/** The id is ours: a row that is there already is an attempt whose reply was lost. */
function failedToInsert(reply: Reply): Failure | null {
  return isRepeated(reply.error) ? null : failed(reply);
}

function outcome(reply: Reply & { readonly data: string | null }): Outcome<string> {
  const failure = failed(reply);
  return failure === null ? { value: reply.data ?? "", failure: null } : { value: null, failure };
}
