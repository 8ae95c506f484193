"use client";

import { text } from "@/text/en";
import type { Message } from "../model/rows";
import classes from "./facts.module.css";
import { useSeen } from "./use-seen";

const words = text.chat.facts;

/** Who wrote an answer, how long that took, what it cost, and the id under which the logs tell of it. */
export function Facts({ answer }: { answer: Message }) {
  const list = useSeen<HTMLDListElement>();
  return (
    <dl ref={list} className={classes.facts}>
      {factsOf(answer).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function factsOf({ model, timings, usage, traceId }: Message): readonly [string, string][] {
  const { queued = 0, first_token: first, total } = timings;
  const { prompt_tokens: read, completion_tokens: written, cost_usd: cost } = usage;
  const facts: readonly [string, string | null][] = [
    [words.model, model],
    [words.firstWords, first === undefined ? null : words.seconds(queued + first)],
    [words.total, total === undefined ? null : words.seconds(queued + total)],
    [words.tokens, read === undefined || written === undefined ? null : words.tokensOf(read, written)],
    [words.cost, cost === undefined ? null : words.dollars(cost)],
    [words.trace, traceId],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}
