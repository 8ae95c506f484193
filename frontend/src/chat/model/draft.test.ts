// @vitest-environment node
import { describe, expect, it } from "vitest";
import { delta } from "../testing/make";
import { Random } from "../testing/random";
import { applyDelta, type Draft, EMPTY_DRAFT, isBehind, MOST_AHEAD, takeRow } from "./draft";
import type { Delta } from "./rows";

const hear = (...deltas: Delta[]): Draft => deltas.reduce(applyDelta, EMPTY_DRAFT);

describe("applyDelta", () => {
  it("appends what fits", () => {
    expect(hear(delta(0, "Hel"), delta(3, "lo")).text).toBe("Hello");
  });

  it("adds nothing twice", () => {
    expect(hear(delta(0, "Hel"), delta(0, "Hel"), delta(3, "lo"), delta(0, "Hel"), delta(3, "lo")).text).toBe("Hello");
  });

  it("adds the rest of what is known in part", () => {
    expect(hear(delta(0, "Hel"), delta(1, "ello")).text).toBe("Hello");
  });

  it("keeps what comes early until the gap is filled", () => {
    const early = hear(delta(0, "a"), delta(2, "c"));
    expect([early.text, isBehind(early)]).toEqual(["a", true]);
    const whole = applyDelta(early, delta(1, "b"));
    expect([whole.text, isBehind(whole)]).toEqual(["abc", false]);
  });

  it("counts code points, as the writer does", () => {
    expect(hear(delta(0, "a😀"), delta(2, "b"), delta(1, "😀bc")).text).toBe("a😀bc");
  });

  it("drops the text of an earlier attempt, and starts over visibly at a later one", () => {
    const again = hear(delta(0, "First", 7), delta(0, "Second", 9), delta(5, "!", 7));
    expect([again.text, again.fence, again.restarts]).toEqual(["Second", 9, 1]);
  });

  it("does not call it a restart when no word was there", () => {
    expect(hear(delta(3, "lost", 7), delta(0, "Now", 9)).restarts).toBe(0);
  });

  it("keeps a bounded number of early pieces, and yet takes what fits", () => {
    const early = Array.from({ length: MOST_AHEAD + 50 }, (_, place) => delta(10 + place * 2, "x"));
    const full = hear(...early);
    expect(full.ahead.size).toBe(MOST_AHEAD);
    expect(applyDelta(full, delta(0, "begins")).text).toBe("begins");
  });
});

describe("takeRow", () => {
  it("starts from the draft that was saved, for who comes late", () => {
    const late = applyDelta(hear(delta(6, "world")), delta(11, "!"));
    expect(takeRow(late, 7, "Hello ").text).toBe("Hello world!");
  });

  it("never takes away what was heard since the draft was saved", () => {
    expect(takeRow(hear(delta(0, "Hello")), 7, "Hel").text).toBe("Hello");
  });

  it("leaves a row of an earlier attempt alone", () => {
    expect(takeRow(hear(delta(0, "New", 9)), 7, "Old text").text).toBe("New");
  });
});

describe("whatever is lost, doubled or out of order", () => {
  const ALPHABET = [..."abc de\nfé😀👩‍🔬[1] "];

  it.each(Array.from({ length: 300 }, (_, seed) => seed))("no character is lost or doubled (%i)", (seed) => {
    const random = new Random(seed);
    const attempts = Array.from({ length: 1 + random.below(3) }, (_, number) => ({
      fence: 5 + number * 3,
      points: Array.from({ length: random.below(120) + 1 }, () => random.pick(ALPHABET)),
    }));
    let draft = EMPTY_DRAFT;
    for (const event of disturbed(random, attempts.flatMap((attempt) => eventsOf(random, attempt)))) {
      draft = event.kind === "row" ? takeRow(draft, event.fence, event.text) : applyDelta(draft, event.delta);
      const whole = attempts.find((attempt) => attempt.fence === draft.fence)?.points.join("") ?? "";
      expect(whole.startsWith(draft.text)).toBe(true);
      expect(draft.points).toBe([...draft.text].length);
    }
    const last = attempts.at(-1);
    if (last === undefined) throw new Error("There was no attempt.");
    expect(takeRow(draft, last.fence, last.points.join(""))).toMatchObject({ text: last.points.join(""), ahead: new Map() });
  });
});

type Event = { kind: "delta"; delta: Delta } | { kind: "row"; fence: number; text: string };

function eventsOf(random: Random, { fence, points }: { fence: number; points: string[] }): Event[] {
  const events: Event[] = [];
  for (let offset = 0; offset < points.length; ) {
    const size = 1 + random.below(12);
    events.push({ kind: "delta", delta: delta(offset, points.slice(offset, offset + size).join(""), fence) });
    if (random.chance(0.1)) events.push({ kind: "row", fence, text: points.slice(0, offset).join("") });
    offset += size;
  }
  return events;
}

/** Some are lost, some come twice, many come at another time. */
function disturbed(random: Random, events: Event[]): Event[] {
  const arrived = events.flatMap((event) => (random.chance(0.15) ? [] : random.chance(0.2) ? [event, event] : [event]));
  if (random.chance(0.3)) return random.shuffle(arrived);
  const late = arrived.map((event, place) => ({ event, at: place + (random.chance(0.2) ? random.below(8) : 0) }));
  return late.sort((a, b) => a.at - b.at).map(({ event }) => event);
}
