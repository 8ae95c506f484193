// @vitest-environment node
import { describe, expect, it } from "vitest";
import { followsAfterScroll, type View } from "./follow";

const view = (top: number, content = 1000): View => ({ top, height: 400, content });

describe("followsAfterScroll", () => {
  it("lets go as soon as one scrolls up, also by a little", () => {
    expect(followsAfterScroll(true, view(600), view(590))).toBe(false);
  });

  it("takes hold again near the end", () => {
    expect(followsAfterScroll(false, view(300), view(540))).toBe(true);
    expect(followsAfterScroll(false, view(300), view(500))).toBe(false);
  });

  it("goes on while the content grows", () => {
    expect(followsAfterScroll(true, view(600), view(700, 1100))).toBe(true);
  });

  it("goes on when the content shrinks under the view", () => {
    expect(followsAfterScroll(true, view(600), view(550, 950))).toBe(true);
  });
});
