// @vitest-environment node
import { describe, expect, it } from "vitest";
import { after, between, indexOf, length } from "./codepoints";

const TEXT = "a😀b👩‍🔬c"; // the scientist is three code points

describe("code points", () => {
  it("are counted as PostgreSQL counts them", () => {
    expect(length(TEXT)).toBe([...TEXT].length);
    expect(length("plain")).toBe(5);
  });

  it("are found in UTF-16", () => {
    expect(indexOf(TEXT, 2)).toBe(3);
    expect(indexOf(TEXT, 99)).toBe(TEXT.length);
  });

  it("are never cut in two", () => {
    for (let point = 0; point <= length(TEXT); point += 1) {
      expect([...TEXT].slice(point).join("")).toBe(after(TEXT, point));
    }
  });

  it("give the part between two of them", () => {
    expect(between(TEXT, 1, 3)).toBe("😀b");
  });
});
