import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { PersonProvider, usePerson } from "./person";

const rpc = vi.hoisted(() => vi.fn(() => ({ throwOnError: () => Promise.resolve({ data: true }) })));
vi.mock("@/lib/supabase/browser", () => ({ browserClient: () => Promise.resolve({ rpc }) }));

function Shown() {
  return String(usePerson().operator);
}

function show(operator: boolean | null) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <PersonProvider person={{ id: "ana", email: "ana@rivulet.example", operator }}>
        <Shown />
      </PersonProvider>
    </QueryClientProvider>,
  );
}

it("asks whether one is an operator when the server could not tell", async () => {
  show(null);
  expect(await screen.findByText("true")).toBeInTheDocument();
});

it("takes the server's word", () => {
  rpc.mockClear();
  show(false);
  expect(screen.getByText("false")).toBeInTheDocument();
  expect(rpc).not.toHaveBeenCalled();
});
