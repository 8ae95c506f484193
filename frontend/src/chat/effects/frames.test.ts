// @vitest-environment node
import { describe, expect, it } from "vitest";
import { type Change, Frames } from "./frames";

describe("Frames", () => {
  function made() {
    const painted: string[] = [];
    const due: (() => void)[] = [];
    let value = "";
    const apply = (change: Change<string>) => {
      value = change(value);
      painted.push(value);
    };
    return { painted, due, frames: new Frames<string>(apply, (then) => due.push(then)) };
  }

  it("applies all that came between two frames at once, in order", () => {
    const { painted, due, frames } = made();
    for (const sign of "abc") frames.add((value) => value + sign);
    expect([painted, due.length]).toEqual([[], 1]);
    due[0]?.();
    expect(painted).toEqual(["abc"]);
  });

  it("asks for the next frame again afterwards", () => {
    const { painted, due, frames } = made();
    frames.add(() => "a");
    due[0]?.();
    frames.add((value) => `${value}b`);
    due[1]?.();
    expect(painted).toEqual(["a", "ab"]);
  });

  it("applies nothing twice when flushed before its frame", () => {
    const { painted, due, frames } = made();
    frames.add(() => "a");
    frames.flush();
    due[0]?.();
    expect(painted).toEqual(["a"]);
  });
});
