/** What was typed as an address of the web, "https://" being understood; null if it is none. */
export function webAddress(typed: string): string | null {
  const trimmed = typed.trim();
  const full = /^[a-z][a-z0-9+.-]*:/i.test(trimmed) ? trimmed : `https://${trimmed}`;
  try {
    const url = new URL(full);
    const known = url.protocol === "https:" || url.protocol === "http:";
    return known && url.hostname.includes(".") && !url.username ? url.href : null;
  } catch {
    return null;
  }
}
