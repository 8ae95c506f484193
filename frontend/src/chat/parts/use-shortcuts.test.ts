import { fireEvent, renderHook } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { focusSearch } from "./search-box";
import { useShortcuts } from "./use-shortcuts";

describe("useShortcuts", () => {
  it.each([true, false])("takes a key only if something was done: %s", (isDone) => {
    const act = vi.fn(() => isDone);
    renderHook(() => useShortcuts(act));
    const isLeft = fireEvent.keyDown(window, { key: "k", ctrlKey: true });
    expect(act).toHaveBeenCalledExactlyOnceWith("search");
    expect(isLeft).toBe(!isDone);
  });

  it("leaves the key for searching alone where there is no list", () => {
    expect(focusSearch()).toBe(false);
  });
});
