"use client";

import { useSyncExternalStore } from "react";

/** Whether what the server rendered has come to life; true from the beginning where it rendered nothing. */
export function useHydrated(): boolean {
  return useSyncExternalStore(never, () => true, () => false);
}

function never(): () => void {
  return () => undefined;
}
