import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { queryClient } from "@/lib/queries";
import { PersonProvider } from "./person";
import { SessionGuard } from "./session-guard";

const auth = vi.hoisted(() => ({
  getSession: vi.fn(),
  onAuthStateChange: () => ({ data: { subscription: { unsubscribe: () => undefined } } }),
}));

vi.mock("@/lib/supabase/browser", () => ({ browserClient: () => Promise.resolve({ auth }) }));

const PERSON = { id: "ana", email: "ana@rivulet.example", operator: false };
const SIGNED_IN = { data: { session: { user: { id: "ana" } } }, error: null };
const ENDED = { data: { session: null }, error: null };
const UNREACHABLE = { data: { session: null }, error: { name: "AuthRetryableFetchError" } };
const REFUSED = { data: { session: null }, error: { name: "AuthApiError" } };

beforeEach(() => {
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={queryClient()}>
        <PersonProvider person={PERSON}>
          <SessionGuard />
        </PersonProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
});

async function look(found: unknown): Promise<void> {
  auth.getSession.mockResolvedValue(found);
  await act(async () => void document.dispatchEvent(new Event("visibilitychange")));
}

const dialog = () => screen.findByRole("dialog", { name: "Your session has ended" });

it.each([ENDED, REFUSED])("asks who lost the session to sign in again: %o", async (found) => {
  await look(found);
  expect(await dialog()).toBeVisible();
});

it("asks nobody who is only offline", async () => {
  await look(UNREACHABLE);
  await act(async () => void (await import("./session-dialog")));
  expect(screen.queryByRole("dialog")).toBeNull();
});

it("lets people without a password sign in in another tab, and goes on when they have", async () => {
  history.replaceState(null, "", "/chat/c1?panel=open");
  await look(ENDED);
  await dialog();
  const link = screen.getByRole("link", { name: /without a password/ });
  expect([link.getAttribute("href"), link.getAttribute("target")]).toEqual(["/sign-in?next=%2Fchat%2Fc1%3Fpanel%3Dopen", "_blank"]);
  await look(SIGNED_IN);
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});
