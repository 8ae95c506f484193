"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import { text } from "@/text/en";
import classes from "./empty.module.css";
import { useLive, useThread } from "./screen-context";

const words = text.chat;

/** A conversation that cannot be shown (yet), and what to do about it. */
export function State() {
  const live = useLive();
  const presence = useThread((thread) => thread.presence);
  if (presence === "missing") {
    return (
      <div className={classes.empty}>
        <h2>{words.missing}</h2>
        <p>{words.missingLead}</p>
        <Button component={Link} href="/chat">
          {words.newChat}
        </Button>
      </div>
    );
  }
  if (presence === "unreachable") {
    return (
      <div className={classes.empty} role="alert">
        <h2>{words.unreachable}</h2>
        <p>{words.unreachableLead}</p>
        <Button variant="default" w="fit-content" onClick={() => void live.readRows()}>
          {text.errors.again}
        </Button>
      </div>
    );
  }
  return (
    <div className={classes.empty} aria-busy>
      <p>{words.loading}</p>
    </div>
  );
}
