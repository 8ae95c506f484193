/** How every client keeps the session; over plain http a browser would drop what is `Secure`. */
export function cookieOptions(protocol: string) {
  return { sameSite: "lax", secure: protocol.startsWith("https") } as const;
}
