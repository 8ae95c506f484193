/** By which the page of an error, which is told nothing else of what happened on the server, knows that Auth did not tell. */
export const UNTOLD = "untold";

/** Whether Auth has not told who asks: it could not be reached, was busy or broke. That is no "nobody". */
export function isUntold(error: { name: string; status?: number | undefined } | null): boolean {
  if (!error) return false;
  const { name, status = 0 } = error;
  return name === "AuthRetryableFetchError" || status === 429 || status >= 500;
}
