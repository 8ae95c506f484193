import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { PersonProvider } from "@/shell/person";
import { NoteDialog } from "./note-dialog";

const insert = vi.hoisted(() => vi.fn());
vi.mock("@/lib/supabase/browser", () => ({ browserClient: () => Promise.resolve({ from: () => ({ insert }) }) }));

beforeEach(() => {
  localStorage.clear();
  Object.assign(document, { fonts: new EventTarget() }); // which a box that grows listens to
});

function open() {
  return render(
    <MantineProvider env="test">
      <QueryClientProvider client={new QueryClient()}>
        <PersonProvider person={{ id: "ana", email: "ana@rivulet.example", operator: false }}>
          <NoteDialog library="l1" onClose={() => undefined} />
        </PersonProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

async function write() {
  const page = open();
  await userEvent.type(await screen.findByLabelText("Title"), "Keys");
  await userEvent.type(screen.getByLabelText("Text"), "Behind the door.");
  return page;
}

async function written() {
  open();
  const boxes = [await screen.findByLabelText("Title"), screen.getByLabelText("Text")];
  return boxes.map((box) => (box as HTMLInputElement).value);
}

it("keeps what was written when the page is left", async () => {
  (await write()).unmount();
  expect(await written()).toEqual(["Keys", "Behind the door."]);
});

it("keeps nothing that was added", async () => {
  insert.mockResolvedValue({ error: null });
  const page = await write();
  await userEvent.click(screen.getByRole("button", { name: "Add" }));
  expect(insert).toHaveBeenCalledWith({ library_id: "l1", title: "Keys", content: "Behind the door." });
  page.unmount();
  expect(await written()).toEqual(["", ""]);
});

it("throws away what is cancelled", async () => {
  const page = await write();
  await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
  page.unmount();
  expect(await written()).toEqual(["", ""]);
});
