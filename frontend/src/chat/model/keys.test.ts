// @vitest-environment node
import { describe, expect, it } from "vitest";
import { composerKey, type Press } from "./keys";
import { actionOf } from "./shortcuts";

const NONE = { shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, keyCode: 0 };
const press = (key: string, more: Partial<Press> = {}): Press => ({ ...NONE, key, ...more });

describe("composerKey", () => {
  it("sends by Enter, and begins a line by Shift+Enter", () => {
    expect(composerKey(press("Enter"), false)).toBe("send");
    expect(composerKey(press("Enter", { shiftKey: true }), false)).toBeNull();
  });

  it.each([{ isComposing: true }, { keyCode: 229 }])("leaves keys to an input method at work: %o", (more) => {
    expect(["Enter", "Escape", "ArrowUp"].map((key) => composerKey(press(key, more), true))).toEqual([null, null, null]);
  });

  it("stops by Escape, and recalls the last question from an empty box alone", () => {
    expect(composerKey(press("Escape"), false)).toBe("stop");
    expect(composerKey(press("ArrowUp"), true)).toBe("recall");
    expect(composerKey(press("ArrowUp"), false)).toBeNull();
  });
});

describe("actionOf", () => {
  it("knows the keys, with Ctrl or the command key", () => {
    expect(actionOf(press("k", { ctrlKey: true }))).toBe("search");
    expect(actionOf(press("O", { metaKey: true, shiftKey: true }))).toBe("new");
    expect(actionOf(press("/", { ctrlKey: true, shiftKey: true }))).toBe("shortcuts");
    expect(actionOf(press("Escape", { shiftKey: true }))).toBe("compose");
  });

  it("takes no key that writes, nor one of an input method", () => {
    expect(actionOf(press("k"))).toBeNull();
    expect(actionOf(press("k", { ctrlKey: true, isComposing: true }))).toBeNull();
    expect(actionOf(press("Escape", { shiftKey: true, keyCode: 229 }))).toBeNull();
    expect(actionOf(press("k", { ctrlKey: true, altKey: true }))).toBeNull();
  });
});
