import { describe, expect, it } from "vitest";
import type { Document } from "./document";
import { applyChange, documentsOf, type Listed } from "./document-list";

const NEWEST = { order: "newest", name: "" } as const;
const document = (id: string, part: Partial<Document> = {}) =>
  ({ id, title: id, status: "queued", version: 1, updated_at: "2026-01-01T00:00:00Z", ...part }) as Document;
const listed = (...pages: Document[][]): Listed => ({
  pages: pages.map((documents, place) => ({ documents, isLast: place === pages.length - 1 })),
  pageParams: pages.map((_, place) => place),
});
const ids = (list: Listed | null) => list?.pages.map((page) => page.documents.map((each) => each.id));

describe("applyChange", () => {
  const list = listed([document("b"), document("a")], [document("z")]);

  it("puts a new document first, once", () => {
    const after = applyChange(list, { operation: "INSERT", record: document("c") }, NEWEST);
    expect(ids(after)).toEqual([["c", "b", "a"], ["z"]]);
    expect(ids(applyChange(after as Listed, { operation: "INSERT", record: document("c") }, NEWEST))).toEqual([["c", "b", "a"], ["z"]]);
  });

  it("asks for the list again where the place of a new document is not known", () => {
    expect(applyChange(list, { operation: "INSERT", record: document("c") }, { order: "title", name: "" })).toBeNull();
  });

  it("shows a change where the document stands", () => {
    const after = applyChange(list, { operation: "UPDATE", record: document("a", { status: "ready" }) }, NEWEST);
    expect(after?.pages[0]?.documents[1]?.status).toBe("ready");
  });

  it("does not go back when broadcasts arrive the wrong way round", () => {
    const ready = applyChange(
      list,
      { operation: "UPDATE", record: document("a", { status: "ready", updated_at: "2026-01-01T00:00:02Z" }) },
      NEWEST,
    ) as Listed;
    const late = { operation: "UPDATE", record: document("a", { status: "embedding", updated_at: "2026-01-01T00:00:01Z" }) };
    expect(applyChange(ready, late, NEWEST)?.pages[0]?.documents[1]?.status).toBe("ready");
  });

  it("takes a new version although the one before was ready", () => {
    const ready = listed([document("a", { status: "ready", updated_at: "2026-01-01T00:00:09Z" })]);
    const again = { operation: "UPDATE", record: document("a", { version: 2, updated_at: "2026-01-01T00:00:01Z" }) };
    expect(applyChange(ready, again, NEWEST)?.pages[0]?.documents[0]?.version).toBe(2);
  });

  it("takes a deleted document out", () => {
    expect(ids(applyChange(list, { operation: "DELETE", record: null, old_record: document("z") }, NEWEST))).toEqual([["b", "a"], []]);
  });

  it("leaves alone what is not a document, and a change of one that is not listed", () => {
    expect(applyChange(list, { operation: "UPDATE", record: { some: "thing" } }, NEWEST)).toBe(list);
    expect(applyChange(list, { operation: "UPDATE", record: document("elsewhere") }, NEWEST)).toBe(list);
  });
});

it("shows each document once, where it was seen first", () => {
  const { pages } = listed([document("c"), document("b")], [document("b"), document("a")]);
  expect(documentsOf(pages).map(({ id }) => id)).toEqual(["c", "b", "a"]);
});
