import { describe, expect, it } from "vitest";
import { wordsOf } from "./words";

describe("wordsOf", () => {
  it.each([
    ["weir turbidity", ["weir", "turbidity"]],
    ['"suspended solids" in May', ["suspended solids", "in", "May"]],
    ["turbid*", ["turbid"]],
    ["ERR-4711?", ["ERR-4711"]],
    ["Überlauf", ["Überlauf"]],
    ["a ?", []],
  ])("%s", (query, expected) => {
    expect(wordsOf(query)).toEqual(expected);
  });
});
