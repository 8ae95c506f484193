/**
 * Places in a text as the database counts them. PostgreSQL and Python count code points, JavaScript counts UTF-16 units:
 * one emoji is one of theirs and two of ours.
 */

const ASTRAL = /[\ud800-\udbff][\udc00-\udfff]/;
const ALL_ASTRAL = /[\ud800-\udbff][\udc00-\udfff]/g;

/** How many code points there are. */
export function length(text: string): number {
  return ASTRAL.test(text) ? text.length - (text.match(ALL_ASTRAL)?.length ?? 0) : text.length;
}

/** The index in UTF-16 units of the code point with that number; the text's length where there are fewer. */
export function indexOf(text: string, point: number): number {
  if (!ASTRAL.test(text)) return Math.min(point, text.length);
  let index = 0;
  for (let passed = 0; passed < point && index < text.length; passed += 1) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return index;
}

/** The text without its first so many code points. */
export function after(text: string, points: number): string {
  return points <= 0 ? text : text.slice(indexOf(text, points));
}

/** The part between two code points. */
export function between(text: string, start: number, end: number): string {
  return text.slice(indexOf(text, start), indexOf(text, end));
}
