"use client";

import { memo, type ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { text } from "@/text/en";
import { blocks } from "../model/blocks";
import { heal } from "../model/heal";
import { doubtsIn, remarkMarks, type Span } from "../model/marks";
import type { Doubt, DoubtReason } from "../model/rows";
import { Cite } from "./cite";
import classes from "./markdown.module.css";

const words = text.chat;
const NO_DOUBTS: readonly Doubt[] = [];
const NO_SPANS: readonly Span[] = [];

interface MarkdownProps {
  readonly content: string;
  /** More will come: what is half written at the end is shown as if it were whole. */
  readonly isGrowing?: boolean;
  readonly doubts?: readonly Doubt[];
}

/** An answer's text. Its blocks are set one by one, so that a growing answer sets only its last one anew. */
export const Markdown = memo(function Markdown({ content, isGrowing = false, doubts = NO_DOUBTS }: MarkdownProps) {
  const parts = blocks(content);
  return (
    <div className={classes.markdown}>
      {placed(parts).map(([part, start], number) => {
        const spans = doubts.length === 0 ? NO_SPANS : doubtsIn(content, doubts, start, start + part.length);
        const isLast = number === parts.length - 1;
        // A block keeps its place while the text grows.
        return <Block key={number} source={isGrowing && isLast ? heal(part) : part} doubts={spans.length === 0 ? NO_SPANS : spans} />;
      })}
    </div>
  );
});

/** Each block with where it begins. */
function placed(parts: readonly string[]): readonly [string, number][] {
  let start = 0;
  return parts.map((part): [string, number] => {
    start += part.length;
    return [part, start - part.length];
  });
}

const Block = memo(function Block({ source, doubts }: { source: string; doubts: readonly Span[] }) {
  return (
    <ReactMarkdown remarkPlugins={[remarkGfm, [remarkMarks, { doubts }]]} components={COMPONENTS}>
      {source}
    </ReactMarkdown>
  );
});

/** What an answer may be made of: no images, no headings above those of the page, links that tell where they lead. */
const COMPONENTS: Components = {
  h1: "h3",
  h2: "h3",
  h3: "h4",
  h4: "h5",
  h5: "h6",
  // As their first words run: the marks are on that side.
  ul: ({ children, className }) => (
    <ul dir="auto" className={className}>
      {children}
    </ul>
  ),
  ol: ({ children, className, start }) => (
    <ol dir="auto" className={className} start={start}>
      {children}
    </ol>
  ),
  img: ({ alt }) => <>{alt}</>,
  cite: ({ node }) => <Cite marker={Number(node?.properties["data-marker"] ?? node?.properties.dataMarker)} />,
  span: ({ node, children }) => {
    const reason = (node?.properties["data-doubt"] ?? node?.properties.dataDoubt) as DoubtReason;
    return (
      <span className={classes.doubt} title={words.doubts.reason[reason]}>
        {children}
      </span>
    );
  },
  a: ({ href, children }) => <Anchor href={href}>{children}</Anchor>,
  pre: ({ children }) => (
    <pre tabIndex={0} aria-label={words.answer.code}>
      {children}
    </pre>
  ),
  table: ({ children }) => (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label={words.answer.table}>
      <table>{children}</table>
    </div>
  ),
};

function Anchor({ href, children }: { href: string | undefined; children: ReactNode }) {
  const host = hostOf(href);
  if (href === undefined || host === null) return <>{children}</>;
  const isShown = String(children).includes(host);
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
      {!isShown && <span className={classes.host}>{words.answer.host(host)}</span>}
    </a>
  );
}

/** Where a link leads, null where it is none that a document may hold. */
function hostOf(href: string | undefined): string | null {
  try {
    const url = new URL(href ?? "");
    if (url.protocol === "mailto:") return url.pathname;
    return url.protocol === "https:" || url.protocol === "http:" ? url.host : null;
  } catch {
    return null;
  }
}
