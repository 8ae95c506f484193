import { text } from "@/text/en";

interface Fault {
  code?: string | null;
  message: string;
  hint?: string | null;
}

/**
 * What to tell a person of a refusal of the Data API. What our own functions say is written for people, and passed on;
 * what PostgreSQL says by itself is not.
 */
export function explainFault({ code, message, hint }: Fault): string {
  if (!code) return /fetch|network|load failed/i.test(message) ? text.errors.network : text.errors.unknown;
  const ours = /^(P0001|42501|55000|22023|54000)$/.test(code) && !/row-level security|permission denied/.test(message);
  return ours ? [message, hint].filter(Boolean).join(" ") : text.errors.unknown;
}
