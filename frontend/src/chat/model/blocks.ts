/**
 * Cuts Markdown into blocks that can be set one by one, so that a growing answer sets only its last block anew.
 *
 * It cuts only where no rule of Markdown reaches across: at a blank line, outside of fenced code, before a line that
 * begins at the margin as a heading or as plain words. Lists, quotes and tables stay whole. The blocks joined are the text.
 */

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^#{1,6}(?:\s|$)/;
/** A line that may belong to the list, quote, table or raw HTML before the blank line, or be a definition. */
const CONTINUES = /^(?:\s|[-+*](?:\s|$)|\d{1,9}[.)](?:\s|$)|>|\||<|\[[^\]]*\]:)/;

export function blocks(text: string): readonly string[] {
  const found: string[] = [];
  let start = 0;
  let fence: string | null = null;
  let isAfterBlank = false;
  let place = 0;
  for (const line of text.split(/(?<=\n)/)) {
    if (fence === null && isAfterBlank && begins(line)) {
      found.push(text.slice(start, place));
      start = place;
    }
    fence = fenceAfter(fence, line);
    isAfterBlank = line.trim() === "";
    place += line.length;
  }
  if (start < text.length) found.push(text.slice(start));
  return found;
}

function begins(line: string): boolean {
  return line.trim() !== "" && (HEADING.test(line) || (!CONTINUES.test(line) && !FENCE.test(line)));
}

/** The fence that is open after a line; a closing one is as long as the opening one, of the same sign, and stands alone. */
function fenceAfter(open: string | null, line: string): string | null {
  const mark = FENCE.exec(line)?.[1];
  if (mark === undefined) return open;
  if (open === null) return mark.startsWith("`") && line.slice(line.indexOf(mark) + mark.length).includes("`") ? null : mark;
  return mark[0] === open[0] && mark.length >= open.length && line.trim() === mark ? null : open;
}
