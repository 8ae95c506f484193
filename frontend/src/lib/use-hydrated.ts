"use client";

import { startTransition, useEffect, useState } from "react";

let isAlive = false; // never on the server, where nothing takes effect

/** Whether what the server rendered has come to life; true from the beginning where it rendered nothing. */
export function useHydrated(): boolean {
  const [isHydrated, setHydrated] = useState(isAlive);
  useEffect(() => {
    isAlive = true;
    startTransition(() => setHydrated(true)); // not at once: all else that comes to life would have to at the same time
  }, []);
  return isHydrated;
}
