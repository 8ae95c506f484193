/** Where to go after signing in: a path of this application, whatever the address says. */
export function nextPath(wanted: string | string[] | null | undefined): string {
  const path = typeof wanted === "string" ? wanted : "";
  // "//host" and "/\host" lead elsewhere; control characters are dropped by browsers.
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(path) && !path.includes("\\") ? path : "/chat";
}
