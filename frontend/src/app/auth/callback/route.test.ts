import { NextRequest } from "next/server";
import { describe, expect, it, vi } from "vitest";
import { GET } from "./route";

const HEARD_AT = "http://0.0.0.0:3000/auth/callback";

vi.mock("@/lib/supabase/server", () => ({
  patientClient: () =>
    Promise.resolve({ auth: { exchangeCodeForSession: (code: string) => Promise.resolve({ error: code === "good" ? null : new Error("used up") }) } }),
}));

async function whereTo(query: string): Promise<string | null> {
  return (await GET(new NextRequest(`${HEARD_AT}?${query}`))).headers.get("location");
}

describe("the callback", () => {
  it("leads to a page at the address where the browser is, whatever the server listens on", async () => {
    expect(await whereTo("code=good&next=%2Fdocuments%3Flibrary%3D1")).toBe("/documents?library=1");
  });

  it("tells of a link that is used up", async () => {
    expect(await whereTo("code=old&next=%2Fdocuments")).toBe("/sign-in?trouble=link");
  });

  it.each(["https://evil.example", "//evil.example", "/\\evil.example"])("never leads elsewhere: %s", async (next) => {
    expect(await whereTo(`code=good&next=${encodeURIComponent(next)}`)).toBe("/chat");
  });
});
