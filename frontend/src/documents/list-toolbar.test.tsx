import { MantineProvider } from "@mantine/core";
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { ListToolbar } from "./list-toolbar";

vi.mock("./quota", () => ({ Quota: () => null }));

it.each([{ isComposing: true }, { keyCode: 229 }])("leaves keys to an input method at work: %o", (composing) => {
  const [onQuery, onSearch] = [vi.fn(), vi.fn()];
  render(<ListToolbar library="l1" query="wehr" onQuery={onQuery} order="newest" onOrder={() => undefined} onSearch={onSearch} />, { wrapper: MantineProvider });
  const box = screen.getByRole("textbox");
  for (const key of ["Enter", "Escape"]) fireEvent.keyDown(box, { key, ...composing });
  expect([onQuery, onSearch].map((told) => told.mock.calls.length)).toEqual([0, 0]);
  for (const key of ["Enter", "Escape"]) fireEvent.keyDown(box, { key });
  expect([onQuery, onSearch].map((told) => told.mock.calls.length)).toEqual([1, 1]);
});
