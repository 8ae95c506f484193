"use client";

import { useSyncExternalStore } from "react";

const NARROW = "(max-width: 62em)";

/** Whether there is no room for something beside the conversation. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    subscribe,
    () => window.matchMedia(NARROW).matches,
    () => false,
  );
}

function subscribe(tell: () => void): () => void {
  const query = window.matchMedia(NARROW);
  query.addEventListener("change", tell);
  return () => query.removeEventListener("change", tell);
}
