import { describe, expect, it } from "vitest";
import { jobsByMinute, latencyByMinute, queuesOf } from "./minutes";

const NOW = Date.parse("2026-05-10T12:00:30Z");
const job = (minute: string, queue: string, done: number) => ({ minute, queue, done, dead: 0 });

describe("jobsByMinute", () => {
  const points = jobsByMinute([job("2026-05-10T11:59:00+00:00", "embed", 7), job("2026-05-10T12:00:00+00:00", "parse", 2)], NOW);

  it("has every minute of the hour, the present one last", () => {
    expect(points).toHaveLength(60);
    expect(points.at(-1)).toMatchObject({ parse: 2, embed: 0 });
    expect(points.at(-2)).toMatchObject({ parse: 0, embed: 7 });
    expect(points[0]).toMatchObject({ parse: 0, embed: 0 });
  });
});

describe("latencyByMinute", () => {
  it("draws nothing where nobody asked", () => {
    const points = latencyByMinute([{ minute: "2026-05-10T12:00:00Z", answers: 3, median: 420, slow: 900 }], NOW);
    expect(points.at(-1)).toMatchObject({ median: 420, slow: 900 });
    expect(points.at(-2)).toMatchObject({ median: null, slow: null });
  });
});

describe("queuesOf", () => {
  it("names those that were there, in the order of the work", () => {
    expect(queuesOf([job("", "respond", 1), job("", "parse", 1), job("", "respond", 2)])).toEqual(["parse", "respond"]);
  });
});
