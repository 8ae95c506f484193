import type { Trace } from "./model";

export interface Step {
  key: string;
  label: string;
  detail: string;
  state: string;
  /** Milliseconds since the first event. */
  from: number;
  /** Until it was begun: it waited so long. */
  begun: number;
  to: number;
}

interface Names {
  queue: (name: string) => string;
  received: string;
  asked: string;
}

/** What happened on the way, in order: when each step was due, when it began and ended, all from the first event on. */
export function waterfall(trace: Trace, now: number, names: Names): Step[] {
  const events = [
    ...trace.documents.map((each) => ({ key: each.id, label: names.received, detail: each.title, state: each.status, at: each.created_at })),
    ...trace.messages
      .filter((each) => each.role === "user")
      .map((each) => ({ key: each.id, label: names.asked, detail: "", state: each.status, at: each.created_at })),
  ];
  const instants = [...events.map((each) => each.at), ...trace.jobs.map((each) => each.created_at)].map(Date.parse);
  const zero = Math.min(...instants);
  const points = events.map(({ at, ...event }) => ({ ...event, from: Date.parse(at) - zero, begun: Date.parse(at) - zero, to: Date.parse(at) - zero }));
  const jobs = trace.jobs.map((job) => {
    const to = Date.parse(job.finished_at ?? new Date(now).toISOString()) - zero;
    return {
      key: `job-${job.id}`,
      label: names.queue(job.queue),
      detail: job.error ?? "",
      state: job.state,
      from: Date.parse(job.created_at) - zero,
      begun: job.claimed_at ? Date.parse(job.claimed_at) - zero : to,
      to,
    };
  });
  return [...points, ...jobs].sort((a, b) => a.from - b.from || a.to - b.to);
}
