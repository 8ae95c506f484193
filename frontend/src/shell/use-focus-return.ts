"use client";

import { useEffect, useState } from "react";

/** What had the focus when a component came has it again when that is gone, unless it was taken elsewhere meanwhile. */
export function useFocusReturn(): void {
  // While rendering: a box that asks for the focus has it before the first effect.
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (document.activeElement === document.body && before instanceof HTMLElement) before.focus({ preventScroll: true });
    },
    [before],
  );
}
