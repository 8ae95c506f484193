/** A statement of an answer without the signs of Markdown, for where it is quoted. */
export function plain(markdown: string): string {
  return markdown
    .replace(/^\s*(?:[-*+]|\d+[.)]|#{1,6}|>)\s+|\s*\[\d{1,3}\]|\*\*|__|`+/gm, "")
    .replace(/\*(\S(?:[^*]*\S)?)\*/g, "$1")
    .replace(/^\s*\||\|\s*$/gm, "")
    .replace(/\s*\|\s*/g, " · ")
    .replace(/\s+/g, " ")
    .trim();
}
