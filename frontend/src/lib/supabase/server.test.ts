// @vitest-environment node
import { expect, it, vi } from "vitest";
import { currentPerson } from "./server";

const getClaims = vi.hoisted(() => vi.fn());
vi.mock("server-only", () => ({}));
vi.mock("next/headers", () => ({ cookies: () => ({}), headers: () => new Headers() }));
vi.mock("@/lib/server-settings", () => ({ serverSettings: () => ({}) }));
vi.mock("@supabase/ssr", () => ({ createServerClient: () => ({ auth: { getClaims } }) }));

it("takes no silence of Auth for nobody", async () => {
  getClaims.mockResolvedValue({ data: null, error: null });
  expect(await currentPerson()).toBeNull();
  getClaims.mockResolvedValue({ data: null, error: Object.assign(new Error("late"), { name: "AuthRetryableFetchError" }) });
  await expect(currentPerson()).rejects.toMatchObject({ message: "late", digest: "untold" });
});
