"use client";

import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { IconButton } from "@/shell/icon-button";
import { text } from "@/text/en";
import classes from "./answer-actions.module.css";
import { copy } from "./copy";

const TICK_MS = 2_000;

/** Copies a text, and shows a tick for a moment. */
export function CopyButton({ label, read }: { label: string; read: () => string }) {
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setIsCopied(false), TICK_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <IconButton label={isCopied ? text.chat.answer.copied : label} className={classes.action} onClick={() => void copy(read()).then(setIsCopied)}>
      {isCopied ? <IconCheck size={17} stroke={2} /> : <IconCopy size={17} stroke={1.7} />}
    </IconButton>
  );
}
