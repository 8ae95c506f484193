"use client";

import { Button } from "@mantine/core";
import { IconExternalLink, IconFileText } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useEffect, useRef } from "react";
import { hasOriginal, openOriginal } from "@/documents/open-original";
import { text } from "@/text/en";
import { type Fetched, fetchPassage } from "../effects/passages";
import { markQuote } from "../model/passage";
import type { Citation } from "../model/rows";
import classes from "./passage.module.css";

const words = text.chat.passage;

/** What a citation stands for: the passage as the document has it, the quote marked; else the quote that was kept. */
export function Passage({ citation }: { citation: Citation }) {
  const { chunkId, documentId, status, title, page } = citation;
  const { data, isPending, isError } = useQuery({
    queryKey: ["passage", documentId, chunkId],
    queryFn: () => fetchPassage(documentId, chunkId),
    staleTime: 60_000,
  });
  return (
    <>
      <div className={classes.document}>
        <strong>{title}</strong>
        {page !== null && <span>{text.chat.page(page)}</span>}
      </div>
      <div className={classes.text} tabIndex={0} role="region" aria-label={words.quote}>
        {isPending && status === "current" ? (
          <p className={classes.quiet}>{words.loading}</p>
        ) : data?.passage != null && status === "current" ? (
          <Marked key={chunkId} citation={citation} headings={data.passage.headings} passage={data.passage.text} />
        ) : (
          <Kept citation={citation} reason={isError ? words.failed : reasonOf(citation, data)} />
        )}
      </div>
      {data?.document != null && <Ways document={data.document} documentId={documentId} page={page} />}
    </>
  );
}

function reasonOf(citation: Citation, fetched: Fetched | undefined): string {
  if (citation.status === "vanished") return words.vanished;
  return fetched !== undefined && fetched.document === null ? words.hidden : words.changed;
}

function Marked({ citation, headings, passage }: { citation: Citation; headings: readonly string[]; passage: string }) {
  const { before, quote, after } = markQuote(passage, citation);
  const mark = useRef<HTMLElement>(null);
  useEffect(() => {
    mark.current?.scrollIntoView({ block: "center" }); // not its result: some browsers give a promise
  }, []);
  return (
    <>
      {headings.length > 0 && <p className={classes.headings}>{headings.join(" › ")}</p>}
      <p className={classes.passage}>
        {before}
        <mark ref={mark}>{quote}</mark>
        {after}
      </p>
    </>
  );
}

function Kept({ citation, reason }: { citation: Citation; reason: string }) {
  return (
    <>
      <p className={classes.reason}>{reason}</p>
      <blockquote className={classes.kept}>{citation.quote}</blockquote>
    </>
  );
}

interface WaysProps {
  readonly document: NonNullable<Fetched["document"]>;
  readonly documentId: string | null;
  readonly page: number | null;
}

function Ways({ document, documentId, page }: WaysProps) {
  return (
    <footer className={classes.ways}>
      {hasOriginal(document) && (
        <Button leftSection={<IconExternalLink size={16} />} size="sm" onClick={() => void openOriginal(document, page)}>
          {page === null ? words.original : words.originalAt(page)}
        </Button>
      )}
      <Button
        component={Link}
        href={`/documents/${documentId}${page === null ? "" : `?page=${page}`}`}
        leftSection={<IconFileText size={16} />}
        size="sm"
        variant="default"
      >
        {words.inDocuments}
      </Button>
    </footer>
  );
}
