"use client";

import { Button, Textarea } from "@mantine/core";
import { type KeyboardEvent, useState } from "react";
import { text } from "@/text/en";
import { composerKey } from "../model/keys";
import type { Message } from "../model/rows";
import { tellFailure } from "./failure-text";
import { pressOf } from "./press";
import classes from "./question.module.css";
import { useLive } from "./screen-context";

const words = text.chat.question;

/** The words stay until the new question was accepted, also while one is elsewhere; only Cancel throws them away. */
export function EditQuestion({ question, onDone }: { question: Message; onDone: () => void }) {
  const live = useLive();
  const [content, setContent] = useState(() => live.editedText(question));
  const [isBusy, setIsBusy] = useState(false);
  async function send() {
    if (content.trim() === "" || isBusy) return;
    setIsBusy(true);
    const isSent = tellFailure(await live.edit(question.id, content.trim()));
    setIsBusy(false);
    if (isSent) onDone();
  }
  function write(words: string) {
    setContent(words);
    live.keepEdited(question, words);
  }
  function cancel() {
    live.keepEdited(question, question.content);
    onDone();
  }
  function press(event: KeyboardEvent) {
    const key = composerKey(pressOf(event), false);
    if (key === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (key === "send") void send();
    else onDone();
  }
  return (
    <div className={classes.editor}>
      <Textarea
        aria-label={words.editing}
        autoFocus
        dir="auto"
        autosize
        minRows={1}
        maxRows={12}
        value={content}
        onChange={(event) => write(event.currentTarget.value)}
        onKeyDown={press}
      />
      <div className={classes.editorFoot}>
        <p>{words.editLead}</p>
        <Button size="xs" variant="subtle" color="gray" onClick={cancel}>
          {text.common.cancel}
        </Button>
        <Button size="xs" loading={isBusy} disabled={content.trim() === ""} onClick={() => void send()}>
          {words.editSend}
        </Button>
      </div>
    </div>
  );
}
