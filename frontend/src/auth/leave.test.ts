import { expect, it, vi } from "vitest";
import { useDeletions } from "@/documents/deletions";
import { leave } from "./leave";

const signOut = vi.hoisted(() => vi.fn(() => Promise.resolve({ error: { message: "unreachable" } })));
vi.mock("@/lib/supabase/browser", () => ({ browserClient: () => Promise.resolve({ auth: { signOut } }) }));

it("carries out what was deleted before the session ends", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  useDeletions.setState({ hurry: () => promise });
  const left = leave("global");
  await Promise.resolve();
  expect(signOut).not.toHaveBeenCalled();
  resolve();
  expect(await left).toBe(false);
  expect(signOut).toHaveBeenCalled();
});
