/** Completes Markdown that is half written, so that no raw signs flash by while an answer grows. */

import remend from "remend";

/** Half a citation: `[`, `[1`. A link's text may begin so too; it is shown a moment later. */
const HALF_CITATION = /\[\d{0,3}$/;

export function heal(text: string): string {
  return remend(text.replace(HALF_CITATION, ""), { linkMode: "text-only", images: false, katex: false, htmlTags: false });
}
