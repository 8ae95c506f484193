/**
 * The text of an answer while it is being written, put together from numbered pieces and saved drafts in whatever order
 * and number they arrive.
 *
 * Each piece tells the attempt it belongs to (`fence`) and how many code points come before it (`offset`). What fits is
 * appended; what comes early waits; what is known already adds nothing; a later attempt starts over; an earlier one is
 * dropped. `text` is always the beginning of what one attempt wrote.
 */

import { after, length } from "./codepoints";
import type { Delta } from "./rows";

/** Pieces kept while an earlier one is missing. */
export const MOST_AHEAD = 1000;

export interface Draft {
  readonly fence: number;
  readonly text: string;
  /** Of the text, in code points. */
  readonly points: number;
  /** How often a later attempt has taken the place of words that were there. */
  readonly restarts: number;
  readonly ahead: ReadonlyMap<number, string>;
}

export const EMPTY_DRAFT: Draft = { fence: 0, text: "", points: 0, restarts: 0, ahead: new Map() };

export function applyDelta(draft: Draft, delta: Delta): Draft {
  if (delta.fence < draft.fence) return draft;
  const current = takeAttempt(draft, delta.fence);
  const known = current.ahead.get(delta.offset) ?? "";
  if (known.length >= delta.text.length || (current.ahead.size >= MOST_AHEAD && known === "")) {
    // One that fits now is never turned away, however many wait.
    return delta.offset <= current.points ? joinPieces(append(current, delta.offset, delta.text)) : current;
  }
  return joinPieces({ ...current, ahead: new Map(current.ahead).set(delta.offset, delta.text) });
}

/** Take in the text that the row holds: the beginning of the same text, if it is of the same attempt. */
export function takeRow(draft: Draft, fence: number, content: string): Draft {
  if (fence < draft.fence) return draft;
  const current = takeAttempt(draft, fence);
  const points = length(content);
  return joinPieces(points > current.points ? { ...current, text: content, points } : current);
}

/** Whether a piece is missing. */
export function isBehind(draft: Draft): boolean {
  return draft.ahead.size > 0;
}

function takeAttempt(draft: Draft, fence: number): Draft {
  if (fence <= draft.fence) return draft;
  return { ...EMPTY_DRAFT, fence, restarts: draft.restarts + (draft.text === "" ? 0 : 1) };
}

function joinPieces(draft: Draft): Draft {
  const ahead = new Map(draft.ahead);
  let joined = draft;
  for (const [offset, piece] of [...draft.ahead].sort(([a], [b]) => a - b)) {
    if (offset > joined.points) break;
    joined = append(joined, offset, piece);
    ahead.delete(offset);
  }
  return ahead.size === draft.ahead.size ? joined : { ...joined, ahead };
}

/** Of a piece that is known in part, the rest. */
function append(draft: Draft, offset: number, piece: string): Draft {
  const rest = after(piece, draft.points - offset);
  return rest === "" ? draft : { ...draft, text: draft.text + rest, points: draft.points + length(rest) };
}
