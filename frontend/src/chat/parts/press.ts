import type { KeyboardEvent } from "react";
import type { Press } from "../model/keys";

/** What decides about a key, of React's event. */
export function pressOf(event: KeyboardEvent): Press {
  const { key, shiftKey, ctrlKey, metaKey, altKey, keyCode } = event;
  return { key, shiftKey, ctrlKey, metaKey, altKey, keyCode, isComposing: event.nativeEvent.isComposing };
}
