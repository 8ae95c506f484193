"use client";

import { useRouter, useSearchParams } from "next/navigation";
import type { Library } from "./libraries";

const REMEMBERED = "rivulet.library";

/** Which library is shown: what the address says, else the one of last time, else the personal one. */
export function useLibraryChoice(libraries: readonly Library[]) {
  const router = useRouter();
  const query = useSearchParams();
  const wanted = [query.get("library"), remembered()];
  const chosen = wanted.map((id) => libraries.find((each) => each.id === id)).find(Boolean) ?? libraries[0] ?? null;
  const choose = (id: string) => {
    localStorage.setItem(REMEMBERED, id);
    router.replace(`/documents?library=${id}`, { scroll: false });
  };
  return { chosen, choose };
}

function remembered(): string | null {
  return typeof window === "undefined" ? null : localStorage.getItem(REMEMBERED);
}
