"use client";

import { useState } from "react";
import { draftsOf } from "@/lib/drafts";
import { usePerson } from "@/shell/person";

/** What stands in a box, kept in this browser whatever happens to the page; for boxes that only the browser renders. */
export function useDraft(place: string): [string, (text: string) => void] {
  const drafts = draftsOf(usePerson().id);
  const [text, setText] = useState(() => drafts.load(place));
  const write = (text: string) => {
    setText(text);
    drafts.save(place, text);
  };
  return [text, write];
}
