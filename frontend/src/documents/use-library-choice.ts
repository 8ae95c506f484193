"use client";

import { useSearchParams } from "next/navigation";
import { useEffect, useRef, useState } from "react";
import { text } from "@/text/en";
import { type Library, chosenOf } from "./library";
import { tellFarewell } from "./library-farewell";
import { remember } from "./remembered-library";

/**
 * Which library is shown: what the address says, else the one of last time, else the personal one. Whoever is shown
 * another than before, or than a link promised, is told why. `isCertain`: the libraries were read just now.
 */
export function useLibraryChoice(libraries: readonly Library[], isCertain: boolean, ofLastTime: string | null) {
  const query = useSearchParams();
  const [last, setLast] = useState(ofLastTime);
  const wanted = query.get("library");
  const chosen = chosenOf(libraries, [wanted, last]);
  useFarewell(libraries, chosen);
  useBrokenLink(libraries, isCertain, wanted);
  const choose = (id: string) => {
    remember(id);
    setLast(id);
    // No navigation: that would wait for the server, and what is dropped meanwhile would go where one was before.
    window.history.replaceState(null, "", `/documents?library=${id}`);
  };
  return { chosen, choose };
}

/** The library that was shown is deleted, or shared no more. */
function useFarewell(libraries: readonly Library[], chosen: Library | null): void {
  const shown = useRef<Library | null>(null);
  useEffect(() => {
    const before = shown.current;
    shown.current = chosen;
    if (before && chosen && !libraries.some(({ id }) => id === before.id)) tellFarewell(before.id, text.documents.libraryGone(before.name));
  }, [libraries, chosen]);
}

/** A link led to a library that is not there. Only the address with which the screen was opened: a later one is chosen. */
function useBrokenLink(libraries: readonly Library[], isCertain: boolean, wanted: string | null): void {
  const [linked] = useState(wanted);
  const isBroken = isCertain && linked !== null && wanted === linked && !libraries.some(({ id }) => id === linked);
  useEffect(() => {
    if (isBroken) tellFarewell(linked, text.documents.libraryMissing);
  }, [isBroken, linked]);
}
