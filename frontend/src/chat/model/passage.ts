/** A cited passage as it is shown: its text with the quote marked. */

import { indexOf } from "./codepoints";
import type { Citation } from "./rows";

export interface Marked {
  readonly before: string;
  readonly quote: string;
  readonly after: string;
}

/** The quote where its span says; where the text there is another one (it was read anew), the first place that says so. */
export function markQuote(passage: string, citation: Pick<Citation, "quote" | "start" | "end">): Marked {
  const start = indexOf(passage, citation.start);
  const end = indexOf(passage, citation.end);
  if (passage.slice(start, end) === citation.quote) return cut(passage, start, end);
  const found = citation.quote === "" ? -1 : passage.indexOf(citation.quote);
  return found < 0 ? { before: passage, quote: "", after: "" } : cut(passage, found, found + citation.quote.length);
}

function cut(passage: string, start: number, end: number): Marked {
  return { before: passage.slice(0, start), quote: passage.slice(start, end), after: passage.slice(end) };
}
