import { describe, expect, it } from "vitest";
import { webAddress } from "./web-address";

describe("webAddress", () => {
  it.each([
    ["example.com/a b", "https://example.com/a%20b"],
    [" http://example.com ", "http://example.com/"],
    ["javascript:alert(1)", null],
    ["file:///etc/passwd", null],
    ["https://me:secret@example.com", null],
    ["weir", null],
    ["", null],
  ])("%j is %j", (typed, expected) => {
    expect(webAddress(typed)).toBe(expected);
  });
});
