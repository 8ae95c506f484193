"use client";

import { IconInfoCircle, IconRefresh, IconThumbDown, IconThumbDownFilled, IconThumbUp, IconThumbUpFilled } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { IconButton } from "@/shell/icon-button";
import { text } from "@/text/en";
import type { Message } from "../model/rows";
import { answerAsMarkdown } from "../model/share";
import classes from "./answer-actions.module.css";
import { CopyButton } from "./copy-button";
import { Facts } from "./facts";
import { tellFailure } from "./failure-text";
import { FeedbackForm } from "./feedback-form";
import { useRegenerate } from "./regenerate";
import { useLive } from "./screen-context";

const words = text.chat.answer;

interface AnswerActionsProps {
  readonly answer: Message;
  readonly content: string;
  readonly isLast: boolean;
}

/** What can be done with an answer that has ended. */
export function AnswerActions({ answer, content, isLast }: AnswerActionsProps) {
  const [showsFacts, setShowsFacts] = useState(false);
  const [isAsking, setIsAsking] = useState(false);
  const rating = answer.feedback?.rating ?? null;
  return (
    <>
      <div className={classes.actions}>
        {content !== "" && <CopyButton label={words.copy} read={() => answerAsMarkdown(content, answer.citations, shareWords)} />}
        {isLast && answer.status !== "failed" && <Regenerate answer={answer.id} />}
        {answer.status === "complete" && <Thumbs answer={answer} onRate={setIsAsking} />}
        {answer.model !== null && (
          <Action label={showsFacts ? words.less : words.more} isPressed={showsFacts} onClick={() => setShowsFacts(!showsFacts)}>
            <IconInfoCircle size={17} stroke={1.7} />
          </Action>
        )}
      </div>
      {isAsking && rating !== null && <FeedbackForm answer={answer} rating={rating} onDone={() => setIsAsking(false)} />}
      {showsFacts && <Facts answer={answer} />}
    </>
  );
}

const shareWords = { untitled: text.chat.untitled, sources: text.chat.sourcesMarkdown, page: text.chat.page };

interface ActionProps {
  readonly label: string;
  readonly isPressed?: boolean;
  readonly isBusy?: boolean;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

function Action({ label, isPressed, isBusy = false, onClick, children }: ActionProps) {
  return (
    <IconButton label={label} aria-pressed={isPressed} loading={isBusy} onClick={onClick} className={classes.action}>
      {children}
    </IconButton>
  );
}

/** Takes the place of the last answer: an earlier one would take with it what was said after. */
function Regenerate({ answer }: { answer: string }) {
  const [regenerate, isBusy] = useRegenerate(answer);
  return (
    <Action label={words.regenerate} isBusy={isBusy} onClick={regenerate}>
      <IconRefresh size={17} stroke={1.7} />
    </Action>
  );
}

interface ThumbsProps {
  readonly answer: Message;
  /** Whether there is a rating that a comment may follow. */
  readonly onRate: (isRated: boolean) => void;
}

/** A press counts at once; a comment may follow. The same press again takes it back. */
function Thumbs({ answer, onRate }: ThumbsProps) {
  const live = useLive();
  const rating = answer.feedback?.rating ?? null;
  async function rate(chosen: 1 | -1) {
    const isUndone = rating === chosen;
    onRate(!isUndone);
    if (!tellFailure(await live.rate(answer.id, isUndone ? null : { rating: chosen, comment: null }))) onRate(false);
  }
  return (
    <>
      <Action label={words.good} isPressed={rating === 1} onClick={() => void rate(1)}>
        {rating === 1 ? <IconThumbUpFilled size={17} /> : <IconThumbUp size={17} stroke={1.7} />}
      </Action>
      <Action label={words.bad} isPressed={rating === -1} onClick={() => void rate(-1)}>
        {rating === -1 ? <IconThumbDownFilled size={17} /> : <IconThumbDown size={17} stroke={1.7} />}
      </Action>
    </>
  );
}
