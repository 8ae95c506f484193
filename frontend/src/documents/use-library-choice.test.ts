import { act, renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { useLibraryChoice } from "./use-library-choice";

vi.mock("next/navigation", () => ({ useSearchParams: () => new URLSearchParams(location.search) }));

const LIBRARIES = ["a", "b"].map((id) => ({ id, name: id, personal: false, role: "owner" as const, people: 1 }));

it("shows a chosen library at once, whatever the address said before", () => {
  history.replaceState(null, "", "/documents?library=a");
  const { result } = renderHook(() => useLibraryChoice(LIBRARIES, true, null));
  expect(result.current.chosen?.id).toBe("a");
  act(() => result.current.choose("b"));
  expect([result.current.chosen?.id, location.search]).toEqual(["b", "?library=b"]);
});
