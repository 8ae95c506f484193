"use client";

import { IconKeyboard } from "@tabler/icons-react";
import { useEffect } from "react";
import { IconButton } from "@/shell/icon-button";
import { text } from "@/text/en";
import classes from "./header.module.css";
import { useThread } from "./screen-context";
import { ShareMenu } from "./share-menu";

const words = text.chat;

export function Header({ onShortcuts }: { onShortcuts: () => void }) {
  const title = useThread((thread) => thread.conversation?.title ?? null);
  const isShareable = useThread((thread) => thread.presence === "here" && thread.messages.size > 0);
  useEffect(() => {
    document.title = `${title ?? text.nav.chat} · ${text.app.name}`;
  }, [title]);
  return (
    <header className={classes.header}>
      <h1>{title ?? words.untitled}</h1>
      {isShareable && <ShareMenu />}
      <IconButton size={34} className={classes.keys} label={words.shortcuts.open} onClick={onShortcuts}>
        <IconKeyboard size={19} stroke={1.6} />
      </IconButton>
    </header>
  );
}
