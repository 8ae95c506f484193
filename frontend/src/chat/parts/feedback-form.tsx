"use client";

import { Button, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useId, useState } from "react";
import { text } from "@/text/en";
import type { Message } from "../model/rows";
import { tellFailure } from "./failure-text";
import classes from "./feedback-form.module.css";
import { useLive } from "./screen-context";
import { useSeen } from "./use-seen";

const words = text.chat.feedback;
const LONGEST = 5_000;

interface FeedbackFormProps {
  readonly answer: Message;
  readonly rating: 1 | -1;
  readonly onDone: () => void;
}

/** A comment on a rating that was given: nobody has to write one. */
export function FeedbackForm({ answer, rating, onDone }: FeedbackFormProps) {
  const live = useLive();
  const [comment, setComment] = useState(answer.feedback?.comment ?? "");
  const [isBusy, setIsBusy] = useState(false);
  const id = useId();
  const form = useSeen<HTMLFormElement>();
  async function send() {
    setIsBusy(true);
    const isSaved = tellFailure(await live.rate(answer.id, { rating, comment: comment.trim() }));
    setIsBusy(false);
    if (!isSaved) return;
    notifications.show({ message: words.thanks });
    onDone();
  }
  return (
    <form
      ref={form}
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label htmlFor={id}>{rating === 1 ? words.goodLead : words.badLead}</label>
      <Textarea
        id={id}
        autosize
        minRows={2}
        maxRows={8}
        maxLength={LONGEST}
        placeholder={words.placeholder}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <div className={classes.buttons}>
        <Button type="submit" size="xs" loading={isBusy} disabled={comment.trim() === ""}>
          {words.send}
        </Button>
        <Button size="xs" variant="subtle" color="gray" onClick={onDone}>
          {words.skip}
        </Button>
      </div>
    </form>
  );
}
