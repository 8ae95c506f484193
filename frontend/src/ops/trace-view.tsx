"use client";

import { Skeleton, Text } from "@mantine/core";
import { text } from "@/text/en";
import { useTrace } from "./api";
import type { Trace } from "./model";
import classes from "./trace-view.module.css";
import { type Step, waterfall } from "./waterfall";

const NAMES = {
  queue: (name: string) => text.ops.queueNames[name] ?? name,
  received: text.ops.received,
  asked: text.ops.asked,
};

/** The steps of a trace below each other, each where it was in time: paler while it waited. */
export function TraceView({ id }: { id: string }) {
  const { data, isPending, isError, dataUpdatedAt } = useTrace(id);
  if (isPending) return <Skeleton h={120} />;
  if (isError) return <Text role="alert">{text.ops.error}</Text>;
  const steps = waterfall(data, dataUpdatedAt, NAMES);
  if (steps.length === 0) return <Text c="dimmed">{text.ops.noTrace}</Text>;
  const whole = Math.max(1, ...steps.map((step) => step.to));
  return (
    <>
      <Facts trace={data} />
      <ol className={classes.steps}>
        {steps.map((step) => (
          <Row key={step.key} step={step} whole={whole} />
        ))}
      </ol>
    </>
  );
}

function Row({ step, whole }: { step: Step; whole: number }) {
  const percent = (ms: number) => `${(ms / whole) * 100}%`;
  const took = step.to - step.from;
  return (
    <li className={classes.step}>
      <span className={classes.label}>
        {step.label} <span className={classes.state}>{step.state}</span>
        {step.detail && <span className={classes.detail}>{step.detail}</span>}
      </span>
      <span className={classes.line}>
        <span className={classes.wait} style={{ insetInlineStart: percent(step.from), width: percent(step.begun - step.from) }} />
        <span className={classes.work} data-state={step.state} style={{ insetInlineStart: percent(step.begun), width: percent(step.to - step.begun) }} />
      </span>
      <span className={classes.took}>{took === 0 ? `+${milliseconds(step.from)}` : milliseconds(took)}</span>
    </li>
  );
}

function Facts({ trace }: { trace: Trace }) {
  const answer = trace.messages.find((message) => message.role === "assistant");
  const { timings } = answer ?? {};
  if (!answer || !timings) return null;
  return (
    <Text size="sm" mb="sm">
      {[answer.model, ...Object.entries(timings).map(([name, ms]) => `${text.ops.timings[name] ?? name} ${milliseconds(ms)}`)].filter(Boolean).join(" · ")}
    </Text>
  );
}

function milliseconds(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms).toLocaleString("en")} ms` : `${(ms / 1000).toFixed(1)} s`;
}
