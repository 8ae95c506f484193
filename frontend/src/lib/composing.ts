/** Whether a key belongs to an input method at work: Enter chooses a word, Escape leaves its list. */
export function isComposing(press: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean {
  return press.isComposing || press.keyCode === 229; // Safari ends a composition before the key that ended it
}
