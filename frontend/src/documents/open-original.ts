"use client";

import { notifications } from "@mantine/notifications";
import { browserClient } from "@/lib/supabase/browser";
import { text } from "@/text/en";

export interface Original {
  bucket: string | null;
  object_name: string | null;
  url: string | null;
}

const LINK_SECONDS = 300;

export function hasOriginal(document: Original): boolean {
  return Boolean(document.url ?? document.object_name);
}

/** Open what a document was read from in a tab of its own: a PDF at the page, if one is given. */
export async function openOriginal(document: Original, page?: number | null): Promise<void> {
  // Opened before anything is awaited: later it would be a pop-up that the browser blocks.
  const tab = window.open("", "_blank");
  if (tab) tab.opener = null;
  const address = await addressOf(document);
  if (!address) {
    tab?.close();
    notifications.show({ color: "red", message: text.documents.originalGone });
    return;
  }
  const target = page ? `${address}#page=${page}` : address;
  if (tab) tab.location.href = target;
  else location.assign(target);
}

async function addressOf({ bucket, object_name, url }: Original): Promise<string | null> {
  if (url) return url;
  if (!bucket || !object_name) return null;
  const { data } = await (await browserClient()).storage.from(bucket).createSignedUrl(object_name, LINK_SECONDS);
  return data?.signedUrl ?? null;
}
