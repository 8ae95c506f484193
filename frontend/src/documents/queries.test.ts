import { expect, it, vi } from "vitest";
import type { Document } from "./document";
import { applyChange, type Page } from "./document-list";
import { documentsQuery } from "./queries";

const NEWEST = { order: "newest", name: "" } as const;
const page = (from: number, many: number): Page => ({
  documents: Array.from({ length: many }, (_, place) => ({ id: `${from + place}`, title: "", status: "ready" }) as Document),
  isLast: many < 50,
});
const next = (pages: Page[]) => documentsQuery(vi.fn(), "library", NEWEST).getNextPageParam(pages.at(-1)!, pages, 0, [0]);
const after = (pages: Page[], change: object) => applyChange({ pages, pageParams: [0] }, change, NEWEST)?.pages ?? [];

it("goes on behind what is known, whatever came or went meanwhile", () => {
  const pages = [page(0, 50)];
  expect(next(pages)).toBe(50);
  expect(next(after(pages, { operation: "INSERT", record: { id: "new", title: "", status: "queued" } }))).toBe(51);
  expect(next(after(pages, { operation: "DELETE", old_record: pages[0]!.documents[7] }))).toBe(49);
});

it("ends with a page that was not full", () => {
  expect(next([page(0, 50), page(50, 3)])).toBeUndefined();
});
