import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useConnection } from "./connection";
import { patiently } from "./patiently";

const load = vi.fn<() => Promise<string>>();
const MINUTE_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
  useConnection.setState({ isOutdated: false });
  load.mockReset().mockRejectedValue(new Error("ChunkLoadError"));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function goOn(): Promise<boolean> {
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  return useConnection.getState().isOutdated;
}

it("waits for a connection, however long", async () => {
  const online = vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  const loaded = patiently(load);
  expect(await goOn()).toBe(false);
  online.mockReturnValue(true);
  load.mockResolvedValue("part");
  expect(await goOn()).toBe(false);
  expect(await loaded).toBe("part");
});

it("makes known that a part is gone, and takes it if it comes all the same", async () => {
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(true);
  const loaded = patiently(load);
  expect(await goOn()).toBe(true);
  load.mockResolvedValue("part");
  await goOn();
  expect(await loaded).toBe("part");
});
