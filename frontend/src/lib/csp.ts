/** The content security policy of a page. Scripts run by nonce alone; styles may be inline, as components set them. */
export function contentSecurityPolicy(nonce: string, supabaseUrl: string, development: boolean): string {
  const project = new URL(supabaseUrl).origin;
  const socket = project.replace(/^http/, "ws");
  const rules: Record<string, string> = {
    "default-src": "'self'",
    // The development server needs eval to reload parts of a page.
    "script-src": `'self' 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ""}`,
    "style-src": "'self' 'unsafe-inline'",
    "font-src": "'self'",
    "connect-src": `'self' ${project} ${socket} ${storageHost(project)}`.trim(),
    "frame-src": "'none'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
  };
  return Object.entries(rules)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");
}

/** Hosted projects take resumable uploads at a host of their own, which is faster for large files. */
export function storageHost(origin: string): string {
  return /^https:\/\/[a-z0-9]+\.supabase\.(co|in)$/.test(origin) ? origin.replace(".supabase.", ".storage.supabase.") : "";
}
