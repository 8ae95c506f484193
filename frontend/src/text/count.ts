/** A whole number with its thousands apart: 12,345. A browser needs long to begin with Intl, too long for a first screen. */
export const grouped = (n: number) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

/** So many of a thing: 1 page, 12,345 pages. */
export const count = (n: number, one: string, many: string) => `${grouped(n)} ${n === 1 ? one : many}`;
