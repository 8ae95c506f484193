import { MantineProvider } from "@mantine/core";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, it } from "vitest";
import { Dialog } from "./dialog";

function Page() {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <MantineProvider env="test">
      <button onClick={() => setIsOpen(true)}>Open</button>
      <button>Elsewhere</button>
      {isOpen && (
        <Dialog title="A dialog" onClose={() => setIsOpen(false)}>
          <input autoFocus aria-label="Box" />
        </Dialog>
      )}
    </MantineProvider>
  );
}

async function open(): Promise<HTMLElement> {
  render(<Page />);
  const opener = screen.getByRole("button", { name: "Open" });
  opener.focus();
  fireEvent.click(opener);
  await act(async () => void (await screen.findByRole("dialog")));
  screen.getByLabelText("Box").focus();
  return opener;
}

it("gives the focus back to what opened it", async () => {
  const opener = await open();
  fireEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(opener).toHaveFocus();
});

it("leaves the focus to whoever has taken it meanwhile", async () => {
  await open();
  const other = screen.getByText("Elsewhere");
  other.focus();
  fireEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(other).toHaveFocus();
});
