// @vitest-environment node
import { describe, expect, it } from "vitest";
import { message, question } from "../testing/make";
import { ageOf, byAge } from "./days";
import { failureOf, isRepeated } from "./failures";
import { heal } from "./heal";
import { markQuote } from "./passage";
import { plain } from "./plain";
import type { Citation } from "./rows";
import { asMarkdown, fileName } from "./share";
import { followUps, nameOf, openers } from "./suggest";
import { secondsLeft } from "./wait";

const CITATION: Citation = { messageId: "a1", marker: 1, chunkId: "k", documentId: "d", status: "current", title: "A_b [2].pdf", page: 4, quote: "It is\n7.", start: 2, end: 10 };

describe("failureOf", () => {
  it.each([
    [{ code: "PGRST303", message: "JWT expired" }, 401, "signed_out"],
    [{ code: "42501", message: "permission denied for table messages" }, 401, "signed_out"],
    [{ code: "42501", message: "new row violates row-level security policy" }, 403, "not_allowed"],
    [{ message: "TypeError: Failed to fetch" }, 0, "offline"],
    [{ code: "23514", message: 'violates check constraint "question_length"' }, 400, "too_long"],
    [{ message: "" }, 503, "busy"],
    [{ code: "55000", message: "Another one has taken its place." }, 400, "refused"],
  ])("tells what to do next: %o", (error, status, kind) => {
    expect(failureOf(error, status).kind).toBe(kind);
  });

  it("knows a row that is there already", () => {
    expect([isRepeated({ code: "23505" }), isRepeated(null)]).toEqual([true, false]);
  });
});

describe("secondsLeft", () => {
  const said = "2026-11-22T10:00:00+00:00";
  const now = Date.parse(said) + 5_000;

  it.each([
    ["You have asked 30 questions in a minute; ask again in 48 s.", 43],
    ["You have asked 1,000 questions in a day; ask again in 3 h.", 3 * 3600 - 5],
    ["You have asked 30 questions in a minute; ask again in 2 s.", 0],
    ["The model rests.", 0],
  ])("%s", (text, seconds) => {
    expect(secondsLeft(text, said, now)).toBe(seconds);
  });
});

describe("heal", () => {
  it.each([
    ["It is **bo", "It is **bo**"],
    ["so [", "so"],
    ["so [1", "so"],
    ["see [the report](https://exa", "see the report"],
  ])("completes %s", (text, whole) => {
    expect(heal(text)).toBe(whole);
  });
});

describe("markQuote", () => {
  it("marks by code points", () => {
    expect(markQuote("😀 It is\n7. End", CITATION)).toEqual({ before: "😀 ", quote: "It is\n7.", after: " End" });
  });

  it("finds the quote where the text has moved, and marks nothing where it is not", () => {
    expect(markQuote("Before it: It is\n7. End", CITATION).quote).toBe("It is\n7.");
    expect(markQuote("Another text", CITATION)).toEqual({ before: "Another text", quote: "", after: "" });
  });
});

describe("asMarkdown", () => {
  const words = { untitled: "New", sources: "**Sources**", page: (page: number) => `page ${page}` };

  it("quotes questions and names each answer's sources", () => {
    const answer = message({ content: "Seven [1].", citations: [CITATION] });
    const turn = { key: "q1", question: question({ content: "How\nmany?" }), outgoing: null, answer };
    expect(asMarkdown("A talk", [turn], words)).toBe(
      "# A talk\n\n> How\n> many?\n\nSeven [1].\n\n**Sources**\n\n- \\[1\\] A\\_b \\[2\\].pdf, page 4: “It is 7.”\n",
    );
  });

  it("has a file name that every system takes", () => {
    expect([fileName("Was: a/b?", "x"), fileName("…", "x")]).toEqual(["Was a b.md", "x.md"]);
  });
});

describe("plain", () => {
  it.each([
    ["- It was **raised** by *forty* `cm` [1].", "It was raised by forty cm."],
    ["| above 2.4 m | closed [1][2] |", "above 2.4 m · closed"],
    ["2 * 3 is 6", "2 * 3 is 6"],
  ])("%s", (markdown, words) => {
    expect(plain(markdown)).toBe(words);
  });
});

describe("openers", () => {
  const words = { about: (title: string) => `about ${title}`, keyPoints: (title: string) => `points ${title}`, figures: (title: string) => `figures ${title}` };

  it("asks something else of each document", () => {
    expect(openers(["Annual_report.pdf", "Notes.md", "c.txt"], words)).toEqual(["about Annual report", "points Notes", "figures c"]);
    expect(openers(["One.pdf"], words)).toEqual(["about One", "points One"]);
    expect(openers([], words)).toEqual([]);
  });

  it("calls a document by a short name", () => {
    expect(nameOf(`${"long ".repeat(30)}.pdf`)).toHaveLength(60);
  });
});

describe("followUps", () => {
  it("asks for sections, and for the rest of a document that has none", () => {
    const words = { section: (title: string, heading: string) => `${title}: ${heading}`, document: (title: string) => `more of ${title}` };
    const rows = [{ title: "A.pdf", heading: "Results" }, { title: "B.md", heading: null }, { title: "A.pdf", heading: "Results" }, 7];
    expect(followUps(rows, words)).toEqual(["A: Results", "more of B"]);
  });
});

describe("byAge", () => {
  const now = new Date(2026, 10, 22, 9, 0);

  it("counts days as the calendar does", () => {
    const ages = [new Date(2026, 10, 22, 0, 0), new Date(2026, 10, 21, 23, 59), new Date(2026, 10, 15, 0, 1), new Date(2026, 10, 1)];
    expect(ages.map((then) => ageOf(then.toISOString(), now))).toEqual(["today", "yesterday", "week", "earlier"]);
  });

  it("leaves out empty groups", () => {
    expect(byAge([{ updatedAt: now.toISOString() }], now).map(([age]) => age)).toEqual(["today"]);
  });
});
