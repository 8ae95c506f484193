"use client";

import { createContext, useContext } from "react";

/** The question that is being edited, and how another one comes to be. */
export const EditingContext = createContext<[string | null, (question: string | null) => void]>([null, () => undefined]);

export function useEditing(): [string | null, (question: string | null) => void] {
  return useContext(EditingContext);
}
