// @vitest-environment node
import { NextRequest } from "next/server";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { refreshSession } from "./session";

const getUser = vi.hoisted(() => vi.fn());
vi.mock("@supabase/ssr", () => ({ createServerClient: () => ({ auth: { getUser } }) }));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubEnv("NEXT_PUBLIC_SUPABASE_URL", "http://127.0.0.1:54321");
  vi.stubEnv("NEXT_PUBLIC_SUPABASE_ANON_KEY", "sb_publishable_key");
});
afterEach(() => void vi.useRealTimers());

async function signedIn() {
  const refreshed = refreshSession(new NextRequest("http://localhost:3000/chat"), new Headers());
  await vi.advanceTimersByTimeAsync(3_000);
  return (await refreshed).signedIn;
}

it.each([
  [true, { data: { user: { id: "ana" } }, error: null }],
  [false, { data: { user: null }, error: { name: "AuthSessionMissingError", status: 400 } }],
  [null, { data: { user: null }, error: { name: "AuthRetryableFetchError", status: 0 } }],
  [null, { data: { user: null }, error: { name: "AuthApiError", status: 500 } }],
])("%s: %j", async (expected, answer) => {
  getUser.mockResolvedValue(answer);
  expect(await signedIn()).toBe(expected);
});

it("does not wait for Auth without end", async () => {
  getUser.mockReturnValue(new Promise(() => undefined));
  expect(await signedIn()).toBeNull();
});
