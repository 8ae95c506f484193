import { text } from "@/text/en";

/** What our own rules say is a sentence or two for people, by the only status that has their words; Storage's end in no stop. */
const OURS = /^[^<>]{1,500}\.$/;

/** Why Storage did not take a file. What our own rules say is passed on; what it, or a server before it, says by itself is not. */
export function uploadRefusal(status: number, body: string): string {
  if (status === 413) return text.documents.uploadTooLarge;
  if (status === 0 && !navigator.onLine) return text.errors.network;
  if (status !== 401 && status !== 403) return text.documents.uploadRefused;
  const said = messageOf(body).trim();
  if (/row-level security|permission denied/.test(said)) return text.documents.uploadNotAllowed;
  return OURS.test(said) ? said : text.documents.uploadSignedOut;
}

function messageOf(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: string };
    return message ?? body;
  } catch {
    return body; // resumable uploads are refused in plain text
  }
}
