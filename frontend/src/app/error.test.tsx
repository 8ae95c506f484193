import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import ErrorPage from "./error";

it("tells a server that cannot be reached from a fault, and asks it again", async () => {
  vi.spyOn(console, "error").mockReturnValue();
  const retry = vi.fn();
  render(<ErrorPage error={Object.assign(new Error(), { digest: "untold" })} retry={retry} />, { wrapper: MantineProvider });
  expect(screen.getByText("The server cannot be reached. Check your connection and try again.")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(retry).toHaveBeenCalledOnce();
});
