/** What a key means in the box where a question is written. */

import { isComposing } from "@/lib/composing";

export type ComposerKey = "send" | "stop" | "recall" | null;

export interface Press {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly isComposing: boolean;
  readonly keyCode: number;
}

/** `recall`: edit the last question, from an empty box. */
export function composerKey(press: Press, isEmpty: boolean): ComposerKey {
  if (isComposing(press)) return null;
  if (press.key === "Enter") return press.shiftKey || press.altKey ? null : "send";
  if (press.key === "Escape") return press.shiftKey ? null : "stop";
  return press.key === "ArrowUp" && isEmpty && !press.shiftKey && !press.ctrlKey && !press.metaKey ? "recall" : null;
}
