"use client";

import type { ReactNode } from "react";
import { markdownIsHere } from "./late-markdown";
import { Markdown } from "./markdown";

markdownIsHere(Markdown);

/** Around a page that comes with words: what sets them comes with it. */
export function MarkdownHere({ children }: { children: ReactNode }) {
  return children;
}
