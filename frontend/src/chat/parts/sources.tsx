"use client";

import { text } from "@/text/en";
import type { Citation, Message } from "../model/rows";
import { useOpened, useOpenPassage } from "./screen-context";
import classes from "./sources.module.css";

const words = text.chat;

/** What an answer really cites, and nothing else. */
export function Sources({ answer }: { answer: Message }) {
  if (answer.citations.length === 0) return null;
  return (
    <ul className={classes.sources} aria-label={words.sources}>
      {answer.citations.map((citation) => (
        <li key={citation.marker}>
          <Source citation={citation} />
        </li>
      ))}
    </ul>
  );
}

function Source({ citation }: { citation: Citation }) {
  const { messageId, marker, title, page, status } = citation;
  const openPassage = useOpenPassage();
  const isOpen = useOpened((passage) => passage?.marker === marker && passage.messageId === messageId);
  return (
    <button
      type="button"
      className={classes.source}
      data-status={status}
      aria-expanded={isOpen}
      aria-haspopup="dialog"
      onClick={(event) => openPassage(isOpen ? null : { messageId, marker, opener: event.currentTarget })}
    >
      <span className={classes.marker}>{marker}</span>
      <span className={classes.title}>{title}</span>
      <span className={classes.page}>{status === "current" ? page !== null && words.page(page) : words.citation[status]}</span>
    </button>
  );
}
