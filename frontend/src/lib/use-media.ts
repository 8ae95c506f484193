"use client";

import { useCallback, useSyncExternalStore } from "react";
import { useHydrated } from "./use-hydrated";

/** Where the navigation is behind a button; the frame's style sheet says it in the same words. */
export const PHONE = "(width < 48em)";

/** Whether a media query holds; not on the server, which does not know. */
export function useMedia(query: string): boolean {
  const isHydrated = useHydrated();
  const subscribe = useCallback(
    (tell: () => void) => {
      const media = window.matchMedia(query);
      media.addEventListener("change", tell);
      return () => media.removeEventListener("change", tell);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => isHydrated && window.matchMedia(query).matches, () => false);
}
