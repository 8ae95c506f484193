import { MantineProvider } from "@mantine/core";
import { notifications, Notifications } from "@mantine/notifications";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { deleteWithUndo } from "./delete-document";
import { GRACE_MS } from "./deletions";
import type { Document } from "./document";
import { FakeDocuments } from "./testing/fake-documents";

let rows: FakeDocuments;
vi.mock("@/lib/supabase/browser", () => ({ browserClient: () => Promise.resolve(rows) }));

const DOCUMENT = { id: "r", title: "report.pdf", version: 1, library_id: "lib", object_name: "lib/report.pdf" } as Document;

beforeEach(() => {
  vi.useFakeTimers();
  notifications.clean();
  rows = new FakeDocuments();
  rows.versions.set("r", 1);
  render(
    <MantineProvider env="test">
      <Notifications />
    </MantineProvider>,
  );
  act(() => deleteWithUndo(DOCUMENT, "ana"));
});

afterEach(() => void vi.useRealTimers());

const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));

it("offers to undo for as long as that can be done, also under the pointer", async () => {
  fireEvent.mouseEnter(screen.getByRole("alert"));
  await pass(GRACE_MS - 100);
  expect(screen.getByRole("button", { name: "Undo" })).toBeVisible();
  await pass(1_000);
  expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  expect(rows.versions.size).toBe(0);
});

it("takes the deletion back, and the offer with it", async () => {
  fireEvent.click(screen.getByRole("button", { name: "Undo" }));
  await pass(GRACE_MS);
  expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  expect(rows.versions.size).toBe(1);
});

it("says so when undo comes too late", async () => {
  const undo = screen.getByRole("button", { name: "Undo" });
  await act(() => {
    vi.advanceTimersByTime(GRACE_MS);
    fireEvent.click(undo); // it is on its way out
    return Promise.resolve();
  });
  await pass(0);
  expect(screen.getByText("It is too late to bring “report.pdf” back.")).toBeVisible();
});
