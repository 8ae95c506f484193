"use client";

import { CloseButton } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useMedia } from "@/lib/use-media";
import { text } from "@/text/en";
import type { Citation } from "../model/rows";
import { Passage } from "./passage";
import classes from "./passage-panel.module.css";
import { type Opened, useLive, useOpened, useOpenPassage, useThread } from "./screen-context";

/** There is no room for something beside the conversation. */
const NARROW = "(max-width: 62em)";

/** The cited passage: beside the answer where there is room, else a sheet from below. */
export function PassagePanel() {
  const opened = useOpened((passage) => passage);
  const citation = useThread((thread) => citationOf(thread.messages.get(opened?.messageId ?? "")?.citations, opened));
  return opened === null || citation === null ? null : <Panel key={`${opened.messageId}:${opened.marker}`} opened={opened} citation={citation} />;
}

function citationOf(citations: readonly Citation[] | undefined, opened: Opened | null): Citation | null {
  return citations?.find((each) => each.marker === opened?.marker) ?? null;
}

function Panel({ opened, citation }: { opened: Opened; citation: Citation }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const openPassage = useOpenPassage();
  const live = useLive();
  const isNarrow = useMedia(NARROW);

  useEffect(() => {
    void live.readRows(); // whether the document still says so
  }, [live]);

  useEffect(() => {
    const element = dialog.current;
    if (element === null) return;
    if (isNarrow) element.showModal();
    else element.show();
    return () => element.close();
  }, [isNarrow]);

  // What had the focus gets it back, unless somebody has taken it elsewhere meanwhile.
  useEffect(() => {
    const element = dialog.current;
    return () => {
      if (document.activeElement === document.body || element?.contains(document.activeElement)) opened.opener?.focus();
    };
  }, [opened]);

  return (
    <dialog
      ref={dialog}
      className={classes.panel}
      data-sheet={isNarrow || undefined}
      aria-labelledby="passage-title"
      onCancel={(event) => {
        event.preventDefault();
        openPassage(null);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") openPassage(null);
      }}
      onClick={(event) => {
        if (event.target === dialog.current) openPassage(null); // beside the sheet
      }}
    >
      <div className={classes.inside}>
        <header className={classes.head}>
          <h2 id="passage-title">{text.chat.passage.title(citation.marker)}</h2>
          <CloseButton aria-label={text.chat.passage.close} onClick={() => openPassage(null)} />
        </header>
        <Passage citation={citation} />
      </div>
    </dialog>
  );
}
