/** The library that was chosen last: a cookie, so that the server begins with it as well. */
export const REMEMBERED = "rivulet.library";

const A_YEAR = 365 * 24 * 3600;

export function remember(library: string): void {
  document.cookie = `${REMEMBERED}=${library}; path=/documents; max-age=${A_YEAR}; samesite=lax`;
}
