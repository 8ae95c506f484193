/** Answers when the server serves. */
export function GET(): Response {
  return Response.json({ status: "ok" });
}
