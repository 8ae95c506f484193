"use client";

import { TextInput } from "@mantine/core";
import { type KeyboardEvent, useRef, useState } from "react";
import { useFocusReturn } from "@/shell/use-focus-return";
import { text } from "@/text/en";
import { useConversationChanges } from "../effects/conversations";
import { composerKey } from "../model/keys";
import { tellFailure } from "./failure-text";
import { pressOf } from "./press";

interface RenameBoxProps {
  readonly id: string;
  readonly title: string;
  readonly onDone: () => void;
}

/** Enter and leaving the box save, Escape does not. The name stays in the box if it could not be saved. */
export function RenameBox({ id, title, onDone }: RenameBoxProps) {
  const { rename } = useConversationChanges();
  const [name, setName] = useState(title);
  const isOver = useRef(false);
  useFocusReturn();
  async function save() {
    if (isOver.current) return;
    const wanted = name.trim();
    isOver.current = true;
    if (wanted === "" || wanted === title || tellFailure(await rename(id, wanted))) onDone();
    else isOver.current = false;
  }
  function press(event: KeyboardEvent) {
    const key = composerKey(pressOf(event), false);
    if (key === "send") void save();
    if (key !== "stop") return;
    isOver.current = true;
    onDone();
  }
  return (
    <TextInput
      autoFocus
      flex={1}
      size="sm"
      maxLength={120}
      aria-label={text.chat.list.name}
      value={name}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setName(event.currentTarget.value)}
      onKeyDown={press}
      onBlur={() => void save()}
    />
  );
}
