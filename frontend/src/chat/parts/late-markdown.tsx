"use client";

import { type ComponentProps, lazy, Suspense, useState } from "react";
import { patiently } from "@/lib/patiently";
import classes from "./late-markdown.module.css";
import type { Markdown as MarkdownType } from "./markdown";

// Half as heavy as all the rest of the chat, and needed only once there are words.
const load = () => patiently(() => import("./markdown")).then(({ Markdown }) => ({ default: Markdown }));
const Later = lazy(load);

let here: typeof MarkdownType | null = null;

/** An answer's text; as it is, until what sets it is there. */
export function LateMarkdown(props: ComponentProps<typeof MarkdownType>) {
  const [Now] = useState(() => here);
  if (Now) return <Now {...props} />;
  return (
    <Suspense fallback={<p className={classes.plain}>{props.content}</p>}>
      <Later {...props} />
    </Suspense>
  );
}

/** To be called when words are to be expected soon. */
export function expectMarkdown(): void {
  void load();
}

/** To be called by a page that comes with words, before it is rendered. */
export function markdownIsHere(markdown: typeof MarkdownType): void {
  here = markdown;
}
