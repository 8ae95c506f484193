/** When the rows are read again although nobody said so: what was broadcast may have been lost. */

import { isUnsettled, openAnswer, type Thread } from "./thread";

const GAP_MS = 500; // the row's draft is saved about once a second
const SETTLE_MS = 1_000;
const QUIET_MS = 3_000;
const PATIENCE = 5; // times that long is waited while news keep coming
const SETTLING_ENDS_MS = 60_000; // a responder that died will not put its last words away

export interface Times {
  readonly now: number;
  readonly lookedAt: number;
  readonly heardAt: number;
}

/** Milliseconds until the rows should be read; null: not before something happens. */
export function nextLook(thread: Thread, times: Times): number | null {
  const due = [
    thread.behind ? times.lookedAt + GAP_MS : null,
    isSettling(thread, times.now) ? times.lookedAt + SETTLE_MS : null,
    openAnswer(thread) === null ? null : quietAt(times),
  ].filter((each) => each !== null);
  return due.length === 0 ? null : Math.max(0, Math.min(...due) - times.now);
}

function quietAt({ lookedAt, heardAt }: Times): number {
  return Math.min(Math.max(lookedAt, heardAt) + QUIET_MS, lookedAt + PATIENCE * QUIET_MS);
}

function isSettling(thread: Thread, now: number): boolean {
  return [...thread.messages.values()].some(
    (each) => isUnsettled(each) && now - (Date.parse(each.updatedAt) || 0) < SETTLING_ENDS_MS,
  );
}
