import { type Document, documentOf } from "./document";

export type Order = "newest" | "title" | "size";

export interface Filter {
  order: Order;
  /** Part of a title; empty: all. */
  name: string;
}

export interface Page {
  documents: Document[];
  isLast: boolean;
}

/** The list as it has been read so far, in pages. */
export interface Listed {
  pages: Page[];
  pageParams: unknown[];
}

/** All documents of the pages, each once: a page may begin with what was pushed there while one looked at those before. */
export function documentsOf(pages: readonly Page[]): Document[] {
  return [...new Map(pages.flatMap((page) => page.documents).map((each) => [each.id, each])).values()];
}

interface Change {
  operation?: unknown;
  record?: unknown;
  old_record?: unknown;
}

/**
 * The list after a broadcast. A new document comes first where the newest do; elsewhere its place is not known, and null
 * says that the list has to be read again.
 */
export function applyChange(list: Listed, change: Change, filter: Filter): Listed | null {
  if (change.operation === "DELETE") {
    const gone = documentOf(change.old_record);
    return mapDocuments(list, (all) => all.filter((each) => each.id !== gone?.id));
  }
  const document = documentOf(change.record);
  if (!document) return list;
  if (documentsOf(list.pages).some((each) => each.id === document.id)) {
    return mapDocuments(list, (all) => all.map((each) => (each.id === document.id ? later(each, document) : each)));
  }
  if (change.operation !== "INSERT") return list;
  if (filter.order !== "newest" || filter.name !== "") return null;
  const [first, ...rest] = list.pages;
  return first ? { ...list, pages: [{ ...first, documents: [document, ...first.documents] }, ...rest] } : list;
}

/** Broadcasts of two transactions may arrive in either order. */
export function later(known: Document, heard: Document): Document {
  if (heard.version !== known.version) return heard.version > known.version ? heard : known;
  return Date.parse(heard.updated_at) >= Date.parse(known.updated_at) ? heard : known;
}

/** What was read, except where a broadcast has told of something later while it was on its way. */
export function notBackward(known: Listed | undefined, read: Listed): Listed {
  const before = new Map(documentsOf(known?.pages ?? []).map((each) => [each.id, each]));
  return mapDocuments(read, (all) => all.map((each) => later(before.get(each.id) ?? each, each)));
}

function mapDocuments(list: Listed, change: (all: Document[]) => Document[]): Listed {
  return { ...list, pages: list.pages.map((page) => ({ ...page, documents: change(page.documents) })) };
}
