import { text } from "@/text/en";

/** Why Storage did not take a file. What our own rules say is written for people; what it says by itself is not. */
export function uploadRefusal(status: number, body: string): string {
  if (status === 413) return text.documents.uploadTooLarge;
  const said = messageOf(body).trim();
  if (/row-level security|permission denied/.test(said)) return text.documents.uploadNotAllowed;
  if (said) return said;
  return navigator.onLine ? text.documents.uploadRefused : text.errors.network;
}

function messageOf(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: string };
    return message ?? body;
  } catch {
    return body; // as it is
  }
}
