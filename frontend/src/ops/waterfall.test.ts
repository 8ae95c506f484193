import { describe, expect, it } from "vitest";
import type { Trace } from "./model";
import { waterfall } from "./waterfall";

const NAMES = { queue: (name: string) => name.toUpperCase(), received: "Received", asked: "Asked" };
const at = (seconds: number) => new Date(Date.parse("2026-05-10T12:00:00Z") + seconds * 1000).toISOString();
const job = (id: number, queue: string, created: number, claimed: number | null, finished: number | null) => ({
  id, queue, state: finished === null ? "running" : "done", attempt: 1, crash_count: 0, worker_id: null, error: null,
  created_at: at(created), claimed_at: claimed === null ? null : at(claimed), finished_at: finished === null ? null : at(finished),
});

describe("waterfall", () => {
  const trace = {
    documents: [{ id: "d", title: "weir.pdf", status: "ready", created_at: at(0) }],
    messages: [],
    jobs: [job(2, "embed", 3, 4, 6), job(1, "parse", 0, 1, 3)],
    deletions: [],
  } as unknown as Trace;

  it("puts everything on one line of time, in order", () => {
    const steps = waterfall(trace, Date.parse(at(9)), NAMES);
    expect(steps.map(({ label, from, begun, to }) => [label, from, begun, to])).toEqual([
      ["Received", 0, 0, 0],
      ["PARSE", 0, 1000, 3000],
      ["EMBED", 3000, 4000, 6000],
    ]);
  });

  it("draws what still waits or runs until now", () => {
    const open = { ...trace, jobs: [job(3, "parse", 1, null, null)] };
    expect(waterfall(open, Date.parse(at(9)), NAMES).at(-1)).toMatchObject({ from: 1000, begun: 9000, to: 9000 });
  });
});
