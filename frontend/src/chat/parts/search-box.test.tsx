import { MantineProvider } from "@mantine/core";
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { SearchBox } from "./search-box";

it("is emptied by Escape, unless an input method leaves its list by it", () => {
  const onChange = vi.fn();
  render(<SearchBox value="wehr" onChange={onChange} />, { wrapper: MantineProvider });
  const box = screen.getByRole("searchbox");
  fireEvent.keyDown(box, { key: "Escape", keyCode: 229 });
  expect(onChange).not.toHaveBeenCalled();
  fireEvent.keyDown(box, { key: "Escape" });
  expect(onChange).toHaveBeenCalledWith("");
});
