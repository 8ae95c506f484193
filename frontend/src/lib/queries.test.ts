// @vitest-environment node
import { afterEach, expect, it, vi } from "vitest";
import { queryClient } from "./queries";

afterEach(() => void vi.useRealTimers());

it("lets go of a visitor's rows on the server with the page", async () => {
  vi.useFakeTimers();
  await queryClient().prefetchQuery({ queryKey: ["rows"], queryFn: () => Promise.resolve([]) });
  await vi.advanceTimersByTimeAsync(1_000); // what is told is told by then
  expect(vi.getTimerCount()).toBe(0);
});
