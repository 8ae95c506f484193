"use client";

import { Button } from "@mantine/core";
import { IconAlertTriangle, IconHandStop, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { text } from "@/text/en";
import { between } from "../model/codepoints";
import { plain } from "../model/plain";
import type { Doubt, Message } from "../model/rows";
import classes from "./answer-notes.module.css";
import { useLive } from "./screen-context";

const words = text.chat.answer;

interface AnswerNotesProps {
  readonly answer: Message;
  readonly content: string;
  readonly isLast: boolean;
}

/** What one should know of an answer besides its words: how it ended, and which of its statements have no support. */
export function AnswerNotes({ answer, content, isLast }: AnswerNotesProps) {
  const { status, verdict } = answer;
  if (status === "cancelled") {
    return content === "" ? null : (
      <p className={classes.badge}>
        <IconHandStop size={15} stroke={1.8} aria-hidden /> {words.stopped}
      </p>
    );
  }
  if (status !== "complete" || verdict === null) return null;
  const isBare = !verdict.refused && !verdict.supported && answer.citations.length === 0;
  return (
    <>
      {verdict.finishReason === "length" && (
        <Note>
          {words.length} {isLast && <GoOn />}
        </Note>
      )}
      {verdict.finishReason === "time" && <Note>{words.time}</Note>}
      {verdict.finishReason === "content_filter" && <Note>{words.contentFilter}</Note>}
      {isBare ? <Note isWarning>{words.unsupported}</Note> : <Doubts doubts={verdict.doubts} content={answer.content} />}
      {verdict.replayed && <p className={classes.quiet}>{words.replayed}</p>}
    </>
  );
}

function Note({ isWarning = false, children }: { isWarning?: boolean; children: ReactNode }) {
  const Icon = isWarning ? IconAlertTriangle : IconInfoCircle;
  return (
    <p className={classes.note} data-warning={isWarning || undefined}>
      <Icon size={17} stroke={1.7} aria-hidden />
      <span>{children}</span>
    </p>
  );
}

function GoOn() {
  const live = useLive();
  return (
    <Button size="compact-xs" variant="light" onClick={() => void live.ask(words.goOnQuestion)}>
      {words.goOn}
    </Button>
  );
}

function Doubts({ doubts, content }: { doubts: readonly Doubt[]; content: string }) {
  if (doubts.length === 0) return null;
  return (
    <details className={classes.doubts}>
      <summary>
        <IconAlertTriangle size={16} stroke={1.7} aria-hidden />
        {text.chat.doubts.title(doubts.length)}
      </summary>
      <ul>
        {doubts.map(({ start, end, reason }) => (
          <li key={start}>
            “{plain(between(content, start, end))}” <em>{text.chat.doubts.reason[reason]}</em>
          </li>
        ))}
      </ul>
    </details>
  );
}
