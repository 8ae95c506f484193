// @vitest-environment node
import { NextRequest, NextResponse } from "next/server";
import { beforeEach, expect, it, vi } from "vitest";
import { proxy } from "./proxy";

const refreshSession = vi.hoisted(() => vi.fn());
vi.mock("@/lib/supabase/session", () => ({ refreshSession }));

beforeEach(() => {
  vi.stubEnv("NEXT_PUBLIC_SUPABASE_URL", "http://127.0.0.1:54321");
  vi.stubEnv("NEXT_PUBLIC_SUPABASE_ANON_KEY", "sb_publishable_key");
});

it.each([
  [true, "/chat", null],
  [true, "/sign-in?next=%2Fdocuments%3Flibrary%3D1", "/documents?library=1"],
  [true, "/sign-in?next=https%3A%2F%2Fevil.example", "/chat"],
  [false, "/documents?library=1", "/sign-in?next=%2Fdocuments%3Flibrary%3D1"],
  [false, "/sign-in", null],
  [null, "/documents", null],
  [null, "/sign-in", null],
])("signed in: %s, %s leads to %s", async (signedIn, path, expected) => {
  refreshSession.mockResolvedValue({ response: NextResponse.next(), signedIn });
  const { headers } = await proxy(new NextRequest(`http://localhost:3000${path}`));
  const location = headers.get("location");
  expect(location && location.replace("http://localhost:3000", "")).toBe(expected);
});
