"use client";

import { notifications } from "@mantine/notifications";
import { browserClient } from "@/lib/supabase/browser";
import { explainFault } from "@/lib/explain-fault";
import { text } from "@/text/en";
import type { Document } from "./document";

/** Read a document again that has failed. */
export async function retryDocument({ id }: Document): Promise<void> {
  const { error } = await (await browserClient()).rpc("retry_document", { p_document: id });
  if (error) notifications.show({ color: "red", message: explainFault(error) });
}

/** Look whether a web page has changed. */
export async function refetchDocument({ id }: Document): Promise<void> {
  const { error } = await (await browserClient()).rpc("refetch_document", { p_document: id });
  notifications.show(error ? { color: "red", message: explainFault(error) } : { message: text.documents.refetched });
}
