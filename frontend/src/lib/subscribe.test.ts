import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { subscribe } from "./subscribe";

const LINGER_MS = 2_000;

/** As the real client: it gives the same channel again until that has been removed, and one that leaves stays silent. */
const realtime = vi.hoisted(() => {
  const channels = new Map<string, { joins: number }>();
  const left: (() => void)[] = [];
  const channel = (name: string) => {
    const made = channels.get(name) ?? { joins: 0, on: () => undefined, subscribe: () => void made.joins++ };
    channels.set(name, made);
    return made as { joins: number; on: () => void; subscribe: () => void };
  };
  const removeChannel = () => new Promise<void>((done) => left.push(() => (channels.clear(), done())));
  return { client: { channel, removeChannel, realtime: { setAuth: () => Promise.resolve() } }, channels, left };
});

vi.mock("./supabase/browser", () => ({ browserClient: () => Promise.resolve(realtime.client) }));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const listener = { hear: () => undefined, catchUp: () => undefined };

it("joins a topic that is entered again only once it has been left", async () => {
  const stop = subscribe("library:1", listener);
  await vi.advanceTimersByTimeAsync(0);
  const first = realtime.channels.get("library:1");
  stop();
  await vi.advanceTimersByTimeAsync(LINGER_MS);
  subscribe("library:1", listener);
  await vi.advanceTimersByTimeAsync(0);
  expect(first?.joins).toBe(1); // it is leaving, and would hear nothing
  realtime.left.pop()?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(realtime.channels.get("library:1")).not.toBe(first);
  expect(realtime.channels.get("library:1")?.joins).toBe(1);
});
