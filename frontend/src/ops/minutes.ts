import { type AnswersOfMinute, type JobsOfMinute, QUEUE_ORDER } from "./model";

const MINUTE_MS = 60_000;
const HOUR = 60;

export type Point = Record<string, number | string | null>;

/** The last hour, minute by minute: how many jobs of each queue were done. Minutes without any are there, as 0. */
export function jobsByMinute(jobs: readonly JobsOfMinute[], now: number): Point[] {
  const queues = queuesOf(jobs);
  return minutesUntil(now).map((minute) => {
    const there = jobs.filter((each) => startOf(each.minute) === minute);
    const done = queues.map((queue) => [queue, there.find((each) => each.queue === queue)?.done ?? 0] as const);
    return { minute: clock(minute), ...Object.fromEntries(done) };
  });
}

/** The time to the first token by minute; null where nobody asked, so that the line is not drawn through zero. */
export function latencyByMinute(answers: readonly AnswersOfMinute[], now: number): Point[] {
  return minutesUntil(now).map((minute) => {
    const there = answers.find((each) => startOf(each.minute) === minute);
    return { minute: clock(minute), median: there?.median ?? null, slow: there?.slow ?? null };
  });
}

export function queuesOf(jobs: readonly JobsOfMinute[]): string[] {
  const present = new Set(jobs.map((each) => each.queue));
  return QUEUE_ORDER.filter((queue) => present.has(queue));
}

function minutesUntil(now: number): number[] {
  const last = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  return Array.from({ length: HOUR }, (_, place) => last - (HOUR - 1 - place) * MINUTE_MS);
}

function startOf(minute: string): number {
  return Math.floor(Date.parse(minute) / MINUTE_MS) * MINUTE_MS;
}

function clock(instant: number): string {
  return new Date(instant).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
