// @vitest-environment node
import { describe, expect, it } from "vitest";
import { Random } from "../testing/random";
import { blocks } from "./blocks";

describe("blocks", () => {
  it("cuts between paragraphs and before headings", () => {
    expect(blocks("One.\n\nTwo\nlines.\n\n## Three\n\nFour.")).toEqual(["One.\n\n", "Two\nlines.\n\n", "## Three\n\n", "Four."]);
  });

  it.each([
    ["a list with blank lines", "1. a\n\n   more\n\n2. b\n\n- c"],
    ["fenced code", "```py\na = 1\n\nb = 2\n```"],
    ["a longer fence around a shorter one", "````\n```\n\nstill code\n\n```\n````"],
    ["a fence of waves", "~~~\na\n\n```\n\nb\n~~~"],
    ["a quote", "> a\n\n> b"],
    ["a table", "| a |\n|---|\n\n| b |"],
    ["indented code", "    a\n\n    b"],
    ["a definition", "[a]: https://example.org\n\n[b]: https://example.org"],
  ])("keeps %s whole", (_, text) => {
    expect(blocks(text)).toEqual([text]);
  });

  it("cuts again behind a fence that was closed", () => {
    expect(blocks("```\na\n```\n\nb")).toEqual(["```\na\n```\n\n", "b"]);
  });

  it("loses nothing, and settles blocks once and for all while a text grows", () => {
    const random = new Random(4);
    const lines = ["para", "- item", "  more", "", "", "```", "# head", "| t |", "> q", "1. x", "~~~~"];
    for (let round = 0; round < 200; round += 1) {
      const text = Array.from({ length: 25 }, () => random.pick(lines)).join("\n");
      let before: readonly string[] = [];
      for (let end = 0; end <= text.length; end += 1 + random.below(9)) {
        const now = blocks(text.slice(0, end));
        expect(now.join("")).toBe(text.slice(0, end));
        // All blocks but the last two: a line may turn out to be a marker of a list.
        expect(now.slice(0, Math.max(0, before.length - 2))).toEqual(before.slice(0, -2));
        before = now;
      }
    }
  });
});
