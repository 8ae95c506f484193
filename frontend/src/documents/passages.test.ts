import { describe, expect, it } from "vitest";
import { joinPassages, type Passage } from "./passages";

const passage = (text: string, start: number, part: Partial<Passage> = {}): Passage => ({
  id: text, ordinal: start, text, page: 1, char_start: start, char_end: start + [...text].length, heading_path: [], ...part,
});

describe("joinPassages", () => {
  it("shows once what two passages share, counting characters and not their halves", () => {
    const shown = joinPassages([passage("the 🌊 river", 0), passage("river rises", 6)]);
    expect(shown.map((each) => each.text)).toEqual(["the 🌊 river", " rises"]);
  });

  it("shows a table whole that repeats its header", () => {
    const shown = joinPassages([passage("head row1", 0), passage("head row2", 5, { char_end: 30 })]);
    expect(shown[1]?.text).toBe("head row2");
  });

  it("names a page and a heading where they begin", () => {
    const shown = joinPassages([
      passage("a", 0, { heading_path: ["Results", "Weir"] }),
      passage("b", 1, { heading_path: ["Results", "Weir"] }),
      passage("c", 2, { page: 2, heading_path: ["Results"] }),
    ]);
    expect(shown.map(({ page, heading }) => [page, heading])).toEqual([[1, "Weir"], [null, null], [2, "Results"]]);
  });
});
