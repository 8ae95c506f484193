"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { useState } from "react";
import { chosenOf, type Library } from "./library";
import { remember } from "./remembered-library";

/** Which library is shown: what the address says, else the one of last time, else the personal one. */
export function useLibraryChoice(libraries: readonly Library[], ofLastTime: string | null) {
  const router = useRouter();
  const query = useSearchParams();
  const [last, setLast] = useState(ofLastTime);
  const chosen = chosenOf(libraries, [query.get("library"), last]);
  const choose = (id: string) => {
    remember(id);
    setLast(id);
    router.replace(`/documents?library=${id}`, { scroll: false });
  };
  return { chosen, choose };
}
