"use client";

import { Button } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { memo, useState } from "react";
import { IconButton } from "@/shell/icon-button";
import { text } from "@/text/en";
import type { Message } from "../model/rows";
import type { Outgoing } from "../model/thread";
import actionClasses from "./answer-actions.module.css";
import { CopyButton } from "./copy-button";
import { EditQuestion } from "./edit-question";
import { failureText } from "./failure-text";
import classes from "./question.module.css";
import { useEditing } from "./editing";
import { useLive } from "./screen-context";

const words = text.chat.question;

/** A question that was put, which can be changed: then what followed is answered anew. */
export const Question = memo(function Question({ question }: { question: Message }) {
  const [editing, setEditing] = useEditing();
  if (editing === question.id) return <EditQuestion question={question} onDone={() => setEditing(null)} />;
  return (
    <div className={classes.question}>
      <p className={classes.bubble}>
        <span className="visually-hidden">{words.you}: </span>
        {question.content}
      </p>
      <div className={classes.actions}>
        <CopyButton label={words.copy} read={() => question.content} />
        <IconButton className={actionClasses.action} label={words.edit} onClick={() => setEditing(question.id)}>
          <IconPencil size={17} stroke={1.7} />
        </IconButton>
      </div>
    </div>
  );
});

/** A question on its way, or one that did not arrive. */
export function OutgoingQuestion({ outgoing }: { outgoing: Outgoing }) {
  const live = useLive();
  const [isBusy, setIsBusy] = useState(false);
  const { failure } = outgoing;
  async function resend() {
    setIsBusy(true);
    await live.resend(outgoing.id);
    setIsBusy(false);
  }
  return (
    <div className={classes.question}>
      <p className={classes.bubble} data-unsent={failure !== null || undefined}>
        <span className="visually-hidden">{words.you}: </span>
        {outgoing.content}
      </p>
      {failure === null ? (
        <span className={classes.state}>{words.sending}</span>
      ) : (
        <div className={classes.failure} role="alert">
          <span>
            <strong>{words.notSent}.</strong> {failureText(failure)}
          </span>
          <Button size="compact-xs" variant="default" loading={isBusy} onClick={() => void resend()}>
            {words.resend}
          </Button>
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => live.takeBack(outgoing.id)}>
            {words.takeBack}
          </Button>
        </div>
      )}
    </div>
  );
}
