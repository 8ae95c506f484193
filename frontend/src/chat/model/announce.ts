/** What a screen reader is told while an answer is written: its beginning, now and then its growth, its end. Never words. */

import type { Message } from "./rows";
import { isEnded, openAnswer, type Thread } from "./thread";

export const EVERY_MS = 7_000;

export type Announcement =
  | { readonly kind: "begun" }
  | { readonly kind: "growing"; readonly words: number }
  | { readonly kind: "ready"; readonly sources: number }
  | { readonly kind: "refused" }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly message: string };

/** What was said last, and when (milliseconds). */
export interface Said {
  readonly answer: string | null;
  readonly at: number;
  readonly isOver: boolean;
}

export const NOTHING_SAID: Said = { answer: null, at: 0, isOver: true };

/** The answer to tell of: that which was told of, until its end was; then the next one that is written or waited for. */
export function followed(said: Said, thread: Thread): Message | null {
  const before = said.isOver || said.answer === null ? undefined : thread.messages.get(said.answer);
  return before ?? openAnswer(thread);
}

/** The next announcement about an answer, if it is time for one. An answer that had ended before is not news. */
export function announce(said: Said, answer: Message, text: string, now: number): [Said, Announcement | null] {
  const isNew = said.answer !== answer.id;
  if (isEnded(answer)) {
    const isNews = !isNew && !said.isOver;
    return [{ answer: answer.id, at: now, isOver: true }, isNews ? endOf(answer) : null];
  }
  if (isNew || said.isOver) return [{ answer: answer.id, at: now, isOver: false }, { kind: "begun" }];
  if (now - said.at < EVERY_MS || text === "") return [said, null];
  return [{ ...said, at: now }, { kind: "growing", words: text.split(/\s+/).filter(Boolean).length }];
}

function endOf(answer: Message): Announcement {
  if (answer.status === "failed") return { kind: "failed", message: answer.errorMessage ?? "" };
  if (answer.status === "cancelled") return { kind: "stopped" };
  return answer.verdict?.refused ? { kind: "refused" } : { kind: "ready", sources: answer.citations.length };
}
