"use client";

import { Button } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { text } from "@/text/en";
import type { Message } from "../model/rows";
import { secondsLeft } from "../model/wait";
import classes from "./answer-failure.module.css";
import { useRegenerate } from "./regenerate";
import { useLive, useThread } from "./screen-context";
import { useNow } from "./use-now";

const words = text.chat.answer;

interface AnswerFailureProps {
  readonly answer: Message;
  readonly isLast: boolean;
}

/** Why there is no answer, and what to do about it. Who asked too much sees the time run down. */
export function AnswerFailure({ answer, isLast }: AnswerFailureProps) {
  const message = answer.errorMessage ?? "";
  const now = useNow(answer.errorCode === "rate_limited");
  const seconds = answer.errorCode === "rate_limited" ? secondsLeft(message, answer.updatedAt, now) : 0;
  return (
    <div className={classes.failure}>
      <IconAlertCircle size={20} stroke={1.7} aria-hidden />
      <div>
        <strong>{words.failed}</strong>
        <p>{message}</p>
        {seconds > 0 && <p className={classes.wait}>{words.waitSeconds(seconds)}</p>}
        {isLast ? <Retry answer={answer.id} isEarly={seconds > 0} /> : <AskAgain question={answer.replyTo} isEarly={seconds > 0} />}
      </div>
    </div>
  );
}

function Retry({ answer, isEarly }: { answer: string; isEarly: boolean }) {
  const [regenerate, isBusy] = useRegenerate(answer);
  return (
    <Button size="xs" variant="default" onClick={regenerate} disabled={isEarly} loading={isBusy}>
      {words.retry}
    </Button>
  );
}

/** Another answer in this place would take with it what was said after: the question is put once more, at the end. */
function AskAgain({ question, isEarly }: { question: string | null; isEarly: boolean }) {
  const live = useLive();
  const content = useThread((thread) => thread.messages.get(question ?? "")?.content);
  if (content === undefined) return null;
  return (
    <Button size="xs" variant="default" onClick={() => void live.ask(content)} disabled={isEarly}>
      {words.askAgain}
    </Button>
  );
}
