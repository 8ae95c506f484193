"use client";

import { createContext, useContext } from "react";
import { text } from "@/text/en";
import type { Message } from "../model/rows";
import classes from "./cite.module.css";
import { useOpened, useOpenPassage } from "./screen-context";

const words = text.chat.citation;

/** The answer whose text is being set. */
export const AnswerContext = createContext<Message | null>(null);

/** A citation in an answer: while it is written a number, then a button that opens the passage. */
export function Cite({ marker }: { marker: number }) {
  const answer = useContext(AnswerContext);
  const openPassage = useOpenPassage();
  const isOpen = useOpened((passage) => passage?.marker === marker && passage.messageId === answer?.id);
  const citation = answer?.citations.find((each) => each.marker === marker);
  if (answer === null || citation === undefined) {
    const isOver = answer?.verdict != null;
    return (
      <span className={classes.number} title={isOver ? words.unknown(marker) : undefined}>
        {marker}
      </span>
    );
  }
  const state = citation.status === "current" ? "" : `, ${words[citation.status]}`;
  const name = words.chip(marker, citation.title, citation.page) + state;
  return (
    <button
      type="button"
      className={classes.chip}
      data-status={citation.status}
      aria-label={name}
      aria-expanded={isOpen}
      aria-haspopup="dialog"
      title={name}
      onClick={(event) => openPassage(isOpen ? null : { messageId: answer.id, marker, opener: event.currentTarget })}
    >
      {marker}
    </button>
  );
}
