/** Why something could not be done, as far as it makes a difference to what a person does next. */

import { fields, integer, text } from "./unknown";

export type FailureKind = "offline" | "signed_out" | "not_allowed" | "not_there" | "too_long" | "busy" | "refused";

export interface Failure {
  readonly kind: FailureKind;
  /** What the server said, in words for a person. */
  readonly message: string;
}

const TOO_LONG = "question_length";

/** The failure in an error of the Data API: `{code, message}` and the status, 0 where no reply came. */
export function failureOf(error: unknown, status: number): Failure {
  const known = fields(error);
  const code = text(known?.code) ?? "";
  const message = text(known?.message) ?? "";
  return { kind: kindOf(code, message, integer(status) ?? 0), message };
}

/** A row with that id is there already: an earlier attempt arrived, only its reply did not. */
export function isRepeated(error: unknown): boolean {
  return text(fields(error)?.code) === "23505";
}

function kindOf(code: string, message: string, status: number): FailureKind {
  if (status === 401 || code === "PGRST301" || code === "PGRST303") return "signed_out";
  if (code === "23514" && message.includes(TOO_LONG)) return "too_long";
  if (code === "23503" || code === "PGRST116") return "not_there";
  if (status === 403 || code === "42501") return "not_allowed";
  if (status === 429 || status >= 500) return "busy";
  return status === 0 ? "offline" : "refused";
}
