import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { PersonProvider } from "@/shell/person";
import { PeopleList } from "./people-list";

const throwOnError = vi.hoisted(() => vi.fn());
vi.mock("@/lib/supabase/browser", () => ({ browserClient: () => Promise.resolve({ rpc: () => ({ throwOnError }) }) }));

const LIBRARY = { id: "l1", name: "Contracts", personal: false, role: "viewer" as const, people: 1 };

it("says that the people could not be read, and tries again", async () => {
  throwOnError.mockRejectedValueOnce(new Error("late"));
  throwOnError.mockResolvedValueOnce({ data: [{ user_id: "bo", email: "bo@rivulet.example", role: "owner" }] });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
        <PersonProvider person={{ id: "ana", email: "ana@rivulet.example", operator: false }}>
          <PeopleList library={LIBRARY} />
        </PersonProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  await userEvent.click(await screen.findByRole("button", { name: "Try again" }));
  expect(await screen.findByText("bo@rivulet.example")).toBeVisible();
  expect(screen.queryByRole("alert")).toBeNull();
});
