import { QueryClient } from "@tanstack/react-query";
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

it("shows what was told while the list was being read", async () => {
  const cache = new QueryClient();
  const row = (status: string, second: number) => ({ id: "a", version: 1, status, updated_at: `2026-01-01T00:00:0${second}Z` }) as Document;
  const replies: ((page: Page) => void)[] = [];
  const read = () => new Promise<Page>((reply) => replies.push(reply));
  const query = { ...documentsQuery(vi.fn(), "library", NEWEST), queryFn: read };
  const shown = () => cache.getQueryData(query.queryKey)!.pages[0]!.documents[0]!.status;
  cache.setQueryData(query.queryKey, { pages: [{ documents: [row("queued", 1)], isLast: true }], pageParams: [0] });

  const done = cache.fetchInfiniteQuery(query);
  cache.setQueryData(query.queryKey, (list) => applyChange(list!, { operation: "UPDATE", record: row("ready", 3) }, NEWEST)!);
  replies[0]!({ documents: [row("parsing", 2)], isLast: true });
  await done;
  expect(shown()).toBe("ready");

  const again = cache.fetchInfiniteQuery(query);
  replies[1]!({ documents: [row("failed", 4)], isLast: true });
  await again;
  expect(shown()).toBe("failed");
});
