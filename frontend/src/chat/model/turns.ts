/** The order in which a conversation is shown. */

import type { Message } from "./rows";
import type { Outgoing, Thread } from "./thread";

/** A question with its answer; each is null where it is not known (yet). */
export interface Turn {
  readonly key: string;
  readonly question: Message | null;
  readonly outgoing: Outgoing | null;
  readonly answer: Message | null;
}

export function turns(thread: Pick<Thread, "messages" | "outgoing">): readonly Turn[] {
  const answers = new Map<string, Message>();
  const questions: Message[] = [];
  for (const message of thread.messages.values()) {
    if (message.role === "user") questions.push(message);
    else if (message.replyTo !== null) answers.set(message.replyTo, later(answers.get(message.replyTo), message));
  }
  questions.sort((a, b) => a.position - b.position);
  const asked = questions.map((question) => turnOf(question, answers.get(question.id) ?? null));
  return [...asked, ...thread.outgoing.map((outgoing) => ({ key: outgoing.id, question: null, outgoing, answer: null }))];
}

function turnOf(question: Message, answer: Message | null): Turn {
  return { key: question.id, question, outgoing: null, answer };
}

function later(known: Message | undefined, message: Message): Message {
  return known === undefined || known.position < message.position ? message : known;
}
