import { text } from "@/text/en";

interface Refusal {
  code?: string | undefined;
  status?: number | undefined;
  message: string;
  name?: string;
}

const BY_CODE: Record<string, string> = {
  invalid_credentials: text.auth.wrong,
  user_already_exists: text.auth.taken,
  email_exists: text.auth.taken,
  weak_password: text.auth.weak,
  email_not_confirmed: text.auth.unconfirmed,
  over_email_send_rate_limit: text.auth.tooOften,
  over_request_rate_limit: text.auth.tooOften,
  otp_expired: text.auth.badLink,
  email_provider_disabled: text.auth.absent,
};

/** What Auth's refusal means, and what to do about it. */
export function explainRefusal(error: Refusal): string {
  const known = error.code ? BY_CODE[error.code] : undefined;
  if (known) return known;
  if (error.status === 429) return text.auth.tooOften;
  if (error.status === 501) return text.auth.absent;
  if (!error.status || error.status >= 502 || error.name === "AuthRetryableFetchError") return text.auth.unreachable;
  return text.auth.failed(error.message);
}
