import type { Tables } from "@/lib/database.types";

const COLUMNS = [
  "id", "library_id", "title", "source", "bucket", "object_name", "url", "mime", "bytes", "status", "error_code", "error_message",
  "pages", "pages_read", "chunks_total", "chunks_done", "partial", "version", "active_version", "created_at", "updated_at",
] as const;

/** A document as the list shows it: all of its row but the text. */
export type Document = Pick<Tables<"documents">, (typeof COLUMNS)[number]>;

/** What is read of a document's row. Written out again: the client infers the type of a row from the letters. */
export const DOCUMENT_COLUMNS =
  "id, library_id, title, source, bucket, object_name, url, mime, bytes, status, error_code, error_message, pages, pages_read, chunks_total, chunks_done, partial, version, active_version, created_at, updated_at";

/** The document in a broadcast's record; null if it is none. */
export function documentOf(record: unknown): Document | null {
  if (typeof record !== "object" || record === null || !("id" in record) || !("status" in record)) return null;
  return Object.fromEntries(COLUMNS.map((name) => [name, (record as Document)[name]])) as unknown as Document;
}

/** Nothing more will happen by itself. */
export function hasEnded({ status }: Document): boolean {
  return status === "ready" || status === "failed";
}

/** It waits for a password. */
export function isLocked({ status, error_code: code }: Document): boolean {
  return status === "failed" && (code === "encrypted" || code === "wrong_password");
}

/** How far a document is on its way, from 0 to 1; null if that cannot be told yet. */
export function shareDone(document: Document): number | null {
  const { status, pages, pages_read: read, chunks_total: total, chunks_done: done } = document;
  if (status === "parsing") return pages ? read / pages : null;
  return status === "embedding" && total ? done / total : null;
}
