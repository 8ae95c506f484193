"use client";

import { type RefObject, useEffect, useRef } from "react";

/** What somebody has just opened comes into sight, if it is not. */
export function useSeen<E extends HTMLElement>(): RefObject<E | null> {
  const element = useRef<E>(null);
  useEffect(() => {
    element.current?.scrollIntoView({ block: "nearest" }); // not its result: some browsers give a promise
  }, []);
  return element;
}
