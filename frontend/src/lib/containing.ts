/** A pattern for `ilike`: anything that contains these words. Signs that stand for others in a pattern stand for themselves. */
export function containing(words: string): string {
  return `%${words.replace(/[\\%_]/g, "\\$&")}%`;
}
