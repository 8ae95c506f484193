"use client";

import { useEffect, useState } from "react";
import { text } from "@/text/en";
import { announce, type Announcement, followed, NOTHING_SAID } from "../model/announce";
import { shownText } from "../model/thread";
import { useLive } from "./screen-context";

const words = text.chat.live;

/** Tells screen readers how the answer is coming on, apart from its words: those are read when one wants to. */
export function LiveRegion() {
  const live = useLive();
  const [said, setSaid] = useState<Announcement | null>(null);
  useEffect(() => {
    let before = NOTHING_SAID;
    return live.store.subscribe((thread) => {
      const answer = followed(before, thread);
      if (answer === null) return;
      const [now, news] = announce(before, answer, shownText(answer, thread.drafts.get(answer.id)), Date.now());
      before = now;
      if (news !== null) setSaid(news);
    });
  }, [live]);
  const isFailure = said?.kind === "failed";
  return (
    <>
      <div className="visually-hidden" role="status">
        {said === null || isFailure ? "" : wordsOf(said)}
      </div>
      <div className="visually-hidden" role="alert">
        {isFailure ? wordsOf(said) : ""}
      </div>
    </>
  );
}

function wordsOf(said: Announcement): string {
  switch (said.kind) {
    case "growing":
      return words.growing(said.words);
    case "ready":
      return words.ready(said.sources);
    case "failed":
      return words.failed(said.message);
    default:
      return words[said.kind];
  }
}
