"use client";

import { IconFileUnknown } from "@tabler/icons-react";
import { memo } from "react";
import { text } from "@/text/en";
import type { Draft } from "../model/draft";
import { EMPTY_DRAFT } from "../model/draft";
import type { Message } from "../model/rows";
import { isEnded, shownText } from "../model/thread";
import classes from "./answer.module.css";
import { AnswerActions } from "./answer-actions";
import { AnswerFailure } from "./answer-failure";
import { AnswerNotes } from "./answer-notes";
import { AnswerContext } from "./cite";
import { LateMarkdown } from "./late-markdown";
import { useThread } from "./screen-context";
import { Sources } from "./sources";

const words = text.chat.answer;

interface AnswerProps {
  readonly answer: Message;
  readonly isLast: boolean;
}

/** An answer, from waiting for its turn to its sources. Only the one that is being written is set anew as pieces arrive. */
export const Answer = memo(function Answer({ answer, isLast }: AnswerProps) {
  const draft = useThread((thread) => thread.drafts.get(answer.id)) ?? EMPTY_DRAFT;
  const content = shownText(answer, draft);
  const isOver = isEnded(answer);
  const isRefused = isOver && answer.verdict?.refused === true;
  return (
    <AnswerContext value={answer}>
      <article className={classes.answer} aria-label={words.name} aria-busy={!isOver} data-status={answer.status} data-refused={isRefused || undefined}>
        {!isOver && <Beginning answer={answer} draft={draft} />}
        {isRefused ? <Refusal content={content} unread={answer.verdict?.unread ?? 0} /> : <Written answer={answer} content={content} isOver={isOver} />}
        {answer.status === "failed" && <AnswerFailure answer={answer} isLast={isLast} />}
        <AnswerNotes answer={answer} content={content} isLast={isLast} />
        <Sources answer={answer} />
        {isOver && <AnswerActions answer={answer} content={content} isLast={isLast} />}
      </article>
    </AnswerContext>
  );
});

/** What goes on before there are words, and whether they had to begin anew. */
function Beginning({ answer, draft }: { answer: Message; draft: Draft }) {
  return (
    <>
      {draft.restarts > 0 && <p className={classes.note}>{words.restarted}</p>}
      {draft.text === "" && (
        <p className={classes.waiting}>
          <span className={classes.pulse} aria-hidden />
          {answer.status === "pending" ? words.pending : words.searching}
        </p>
      )}
    </>
  );
}

function Written({ answer, content, isOver }: { answer: Message; content: string; isOver: boolean }) {
  // Where nothing is cited, one sentence below says so of all.
  const doubts = answer.citations.length > 0 ? answer.verdict?.doubts : undefined;
  if (content === "") return answer.status === "cancelled" ? <p className={classes.note}>{words.stoppedEmpty}</p> : null;
  return (
    <div className={classes.written} data-growing={!isOver || undefined}>
      <LateMarkdown content={content} isGrowing={!isOver} doubts={doubts} />
    </div>
  );
}

function Refusal({ content, unread }: { content: string; unread: number }) {
  return (
    <div className={classes.refusal}>
      <IconFileUnknown size={22} stroke={1.6} aria-hidden />
      <div>
        <strong>{words.refused}</strong>
        <p>{content}</p>
        <p className={classes.quiet}>
          {unread === 0 ? `${words.refusedLead} ${words.refusedNext}` : words.refusedEarly(unread)}
        </p>
      </div>
    </div>
  );
}
