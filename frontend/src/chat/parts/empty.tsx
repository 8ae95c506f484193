"use client";

import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useStore } from "zustand";
import { browserClient } from "@/lib/supabase/browser";
import { text } from "@/text/en";
import { openersQuery } from "../effects/openers";
import { openers } from "../model/suggest";
import classes from "./empty.module.css";
import { useLive } from "./screen-context";
import { Suggestions } from "./suggestions";

const words = text.chat.empty;

/** A conversation without a word: what can be asked here, or what is needed for it first. */
export function Empty({ onAsk }: { onAsk: (content: string) => void }) {
  const live = useLive();
  const library = useStore(live.box, (box) => box.library);
  const { data } = useQuery(openersQuery(browserClient, library));
  const ready = data?.filter((each) => each.status === "ready").map((each) => each.title) ?? [];
  const questions = openers(ready, text.chat.openers);
  if (data?.length === 0) return <NoDocuments />;
  return (
    <div className={classes.empty}>
      <h2>{words.title}</h2>
      <p>{words.lead}</p>
      {data !== undefined && ready.length === 0 && <p>{words.reading}</p>}
      {questions.length > 0 && <Suggestions label={words.suggestions} questions={questions} onChoose={onAsk} />}
    </div>
  );
}

function NoDocuments() {
  return (
    <div className={classes.empty}>
      <h2>{words.none}</h2>
      <p>{words.noneLead}</p>
      <Button component={Link} href="/documents">
        {words.addDocuments}
      </Button>
    </div>
  );
}
