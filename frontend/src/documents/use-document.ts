"use client";

import { useState } from "react";
import { browserClient } from "@/lib/supabase/browser";
import { useSubscription } from "@/lib/subscribe";
import { type Document, DOCUMENT_COLUMNS, documentOf } from "./document";
import { later } from "./document-list";

/** A document, live, from what is known of it; null when it is there no more. */
export function useDocument(known: Document): Document | null {
  const [document, setDocument] = useState<Document | null>(known);
  const take = (heard: Document) => setDocument((before) => (before ? later(before, heard) : before));
  useSubscription(`library:${known.library_id}`, {
    hear: ({ payload }) => {
      const heard = documentOf(payload.record);
      if (heard?.id === known.id) take(heard);
      if (payload.operation === "DELETE" && documentOf(payload.old_record)?.id === known.id) setDocument(null);
    },
    catchUp: () =>
      void readDocument(known.id).then((found) => {
        if (found) take(found);
        else if (found === null) setDocument(null);
      }),
  });
  return document;
}

/** Null: there is none, as far as this person may know; undefined: it cannot be told right now. */
export async function readDocument(id: string): Promise<Document | null | undefined> {
  const { data, error } = await (await browserClient()).from("documents").select(DOCUMENT_COLUMNS).eq("id", id).maybeSingle();
  return error ? undefined : data;
}
