"use client";

import { useState } from "react";
import { tellFailure } from "./failure-text";
import { useLive } from "./screen-context";

/** Answers a question again; busy until the new answer is there. */
export function useRegenerate(answer: string): [() => void, boolean] {
  const live = useLive();
  const [isBusy, setIsBusy] = useState(false);
  async function regenerate() {
    setIsBusy(true);
    tellFailure(await live.regenerate(answer));
    setIsBusy(false);
  }
  return [() => void regenerate(), isBusy];
}
