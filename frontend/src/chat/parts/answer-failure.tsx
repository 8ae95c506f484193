"use client";

import { Button } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { text } from "@/text/en";
import type { Message } from "../model/rows";
import { secondsLeft } from "../model/wait";
import classes from "./answer-failure.module.css";
import { useRegenerate } from "./regenerate";
import { useNow } from "./use-now";

const words = text.chat.answer;

/** Why there is no answer, and what to do about it. Who asked too much sees the time run down. */
export function AnswerFailure({ answer }: { answer: Message }) {
  const message = answer.errorMessage ?? "";
  const now = useNow(answer.errorCode === "rate_limited");
  const seconds = answer.errorCode === "rate_limited" ? secondsLeft(message, answer.updatedAt, now) : 0;
  const [regenerate, isBusy] = useRegenerate(answer.id);
  return (
    <div className={classes.failure}>
      <IconAlertCircle size={20} stroke={1.7} aria-hidden />
      <div>
        <strong>{words.failed}</strong>
        <p>{message}</p>
        {seconds > 0 && <p className={classes.wait}>{words.waitSeconds(seconds)}</p>}
        <Button size="xs" variant="default" onClick={regenerate} disabled={seconds > 0} loading={isBusy}>
          {words.retry}
        </Button>
      </div>
    </div>
  );
}
