/** Keys that do something anywhere in the chat. Each has a modifier, or is a key that writes nothing. */

import { isComposing } from "@/lib/composing";

export type Action = "search" | "new" | "shortcuts" | "compose";

export interface Shortcut {
  readonly action: Action;
  /** Ctrl, on a Mac the command key. */
  readonly isControl: boolean;
  readonly isShift: boolean;
  readonly key: string;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { action: "search", isControl: true, isShift: false, key: "k" },
  { action: "new", isControl: true, isShift: true, key: "o" },
  { action: "shortcuts", isControl: true, isShift: false, key: "/" },
  { action: "compose", isControl: false, isShift: true, key: "Escape" },
];

type Press = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey" | "isComposing" | "keyCode">;

/** What a key press asks for; null while an input method composes, for then the key belongs to it. */
export function actionOf(press: Press): Action | null {
  if (isComposing(press) || press.altKey) return null;
  const isControl = press.ctrlKey || press.metaKey;
  // On many keyboards "/" is typed with shift.
  const found = SHORTCUTS.find(
    (each) =>
      each.key.toLowerCase() === press.key.toLowerCase() &&
      each.isControl === isControl &&
      (each.isShift === press.shiftKey || each.key === "/"),
  );
  return found?.action ?? null;
}
