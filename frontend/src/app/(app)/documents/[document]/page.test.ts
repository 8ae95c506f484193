// @vitest-environment node
import { createClient } from "@supabase/supabase-js";
import { expect, it, vi } from "vitest";
import DocumentPage from "./page";

const answer = vi.fn<typeof fetch>();
vi.mock("@/lib/supabase/server", () => ({
  serverClient: () => Promise.resolve(createClient("http://127.0.0.1:54321", "key", { global: { fetch: answer }, db: { retry: false } })),
}));

const show = () => DocumentPage({ params: Promise.resolve({ document: crypto.randomUUID() }), searchParams: Promise.resolve({}) });

it("says that a document is missing", async () => {
  answer.mockResolvedValue(Response.json([]));
  await expect(show()).rejects.toThrow("NEXT_HTTP_ERROR_FALLBACK;404");
});

it("does not take a slow database for a missing document", async () => {
  answer.mockRejectedValue(new DOMException("The operation timed out.", "TimeoutError"));
  await expect(show()).rejects.toThrow("The operation timed out.");
});
