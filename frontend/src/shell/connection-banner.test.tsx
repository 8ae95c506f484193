import { MantineProvider } from "@mantine/core";
import { act, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { useConnection } from "@/lib/connection";
import { ConnectionBanner } from "./connection-banner";

it("offers to load the page anew when a part of it does not come", () => {
  render(<ConnectionBanner />, { wrapper: MantineProvider });
  expect(screen.queryByRole("button")).toBeNull();
  act(() => useConnection.setState({ isOutdated: true }));
  expect(screen.getByRole("button", { name: "Load the page anew" })).toBeVisible();
});
