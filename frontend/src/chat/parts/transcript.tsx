"use client";

import { useMantineStyleNonce } from "@mantine/core";
import { IconArrowDown } from "@tabler/icons-react";
import { memo, useDeferredValue, useEffect, useMemo, useRef } from "react";
import { useHydrated } from "@/lib/use-hydrated";
import { text } from "@/text/en";
import { type Turn, turns } from "../model/turns";
import { Answer } from "./answer";
import { EditingContext } from "./editing";
import { FollowUps } from "./follow-ups";
import { OutgoingQuestion, Question } from "./question";
import { useThread } from "./screen-context";
import classes from "./transcript.module.css";
import { useFollow } from "./use-follow";

const words = text.chat.scroll;

/** So many turns fill a screen. */
const AT_ONCE = 4;

/** The questions and answers. The view follows what is written for as long as one stays at its end. */
export function Transcript({ editing, onEdit }: { editing: string | null; onEdit: (question: string | null) => void }) {
  const messages = useThread((thread) => thread.messages);
  const outgoing = useThread((thread) => thread.outgoing);
  const list = useMemo(() => turns({ messages, outgoing }), [messages, outgoing]);
  const { view, content, isAway, toEnd } = useFollow();
  useNewest(list, toEnd);
  const edit = useMemo((): [string | null, typeof onEdit] => [editing, onEdit], [editing, onEdit]);
  const last = list.at(-1);
  return (
    <div className={classes.frame}>
      <div className={classes.view} ref={view} tabIndex={0} role="region" aria-label={text.chat.title}>
        <div className={classes.content} ref={content}>
          <EditingContext value={edit}>
            {list.map((turn, number) => (
              <DueTurn key={turn.key} turn={turn} isLast={turn === last} isUrgent={number >= list.length - AT_ONCE} />
            ))}
          </EditingContext>
          {last?.answer?.status === "complete" && <FollowUps answer={last.answer.id} />}
        </div>
      </div>
      <BeginAtEnd />
      {isAway && (
        <button type="button" className={classes.latest} aria-label={words.toLatest} onClick={toEnd}>
          <IconArrowDown size={16} stroke={2} aria-hidden /> {words.latest}
        </button>
      )}
    </div>
  );
}

/** A page that comes with its conversation is seen before the scripts run: it begins at the end of it even so. */
function BeginAtEnd() {
  const nonce = useMantineStyleNonce();
  if (useHydrated()) return null; // where the page is there already, `useFollow` sees to it
  const script = "{const view = document.currentScript.previousElementSibling; view.scrollTop = view.scrollHeight}";
  return <script nonce={nonce?.()} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: script }} />;
}

interface TurnViewProps {
  readonly turn: Turn;
  readonly isLast: boolean;
}

/** What is above the screen at first is set when there is time, and nothing waits for it. */
function DueTurn({ isUrgent, ...props }: TurnViewProps & { readonly isUrgent: boolean }) {
  const isDue = useDeferredValue(true, isUrgent);
  return isDue ? <TurnView {...props} /> : <div className={classes.turn} />;
}

const TurnView = memo(
  function TurnView({ turn: { question, outgoing, answer }, isLast }: TurnViewProps) {
    return (
      <div className={classes.turn}>
        {question !== null && <Question question={question} />}
        {outgoing !== null && <OutgoingQuestion outgoing={outgoing} />}
        {answer !== null && <Answer answer={answer} isLast={isLast} />}
      </div>
    );
  },
  ({ turn: a, isLast: wasLast }, { turn: b, isLast }) =>
    a.question === b.question && a.outgoing === b.outgoing && a.answer === b.answer && wasLast === isLast,
);

/** What one sends oneself is always brought into sight; what comes otherwise only if one is at the end. */
function useNewest(list: readonly Turn[], toEnd: () => void): void {
  const own = list.findLast((turn) => turn.outgoing !== null)?.key ?? null;
  const seen = useRef<string | null>(null);
  useEffect(() => {
    if (own !== null && own !== seen.current) toEnd();
    seen.current = own;
  }, [own, toEnd]);
}
