import type { Original } from "@/documents/open-original";
import { browserClient } from "@/lib/supabase/browser";

/** A document and a passage of it; null is what this person cannot see, or what is not there any more. */
export interface Fetched {
  readonly document: Original | null;
  readonly passage: { readonly text: string; readonly headings: readonly string[] } | null;
}

export async function fetchPassage(documentId: string | null, chunkId: string | null): Promise<Fetched> {
  const [document, passage] = await Promise.all([
    documentId === null ? null : fetchDocument(documentId),
    chunkId === null ? null : fetchChunk(chunkId),
  ]);
  return { document, passage };
}

async function fetchDocument(id: string): Promise<Original | null> {
  const rows = (await browserClient()).from("documents").select("bucket, object_name, url");
  return (await rows.eq("id", id).maybeSingle().throwOnError()).data;
}

async function fetchChunk(id: string): Promise<Fetched["passage"]> {
  const rows = (await browserClient()).from("chunks").select("text, heading_path");
  const { data } = await rows.eq("id", id).maybeSingle().throwOnError();
  return data && { text: data.text, headings: data.heading_path };
}
