import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { useConnection } from "@/lib/connection";
import AuthLayout from "./layout";

it("tells also who signs in that a part of the page does not come", () => {
  useConnection.setState({ isOutdated: true });
  render(<AuthLayout>form</AuthLayout>, { wrapper: MantineProvider });
  expect(screen.getByRole("button", { name: "Load the page anew" })).toBeVisible();
});
