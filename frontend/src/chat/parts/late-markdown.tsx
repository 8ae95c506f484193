"use client";

import { type ComponentProps, lazy, Suspense } from "react";
import classes from "./late-markdown.module.css";

// Half as heavy as all the rest of the chat, and needed only once there are words.
const load = () => import("./markdown").then(({ Markdown }) => ({ default: Markdown }));
const Markdown = lazy(load);

/** An answer's text; as it is, until what sets it is there. */
export function LateMarkdown(props: ComponentProps<typeof Markdown>) {
  return (
    <Suspense fallback={<p className={classes.plain}>{props.content}</p>}>
      <Markdown {...props} />
    </Suspense>
  );
}

/** To be called when words are to be expected soon. */
export function expectMarkdown(): void {
  void load();
}
