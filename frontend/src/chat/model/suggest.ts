/** Questions that a person might put next, made from what is there: no model is asked. */

const LONGEST_NAME = 60;

export interface Words {
  readonly about: (title: string) => string;
  readonly keyPoints: (title: string) => string;
  readonly figures: (title: string) => string;
}

/** For an empty conversation, from the titles of documents: another question for each, so that they show what can be asked. */
export function openers(titles: readonly string[], words: Words): readonly string[] {
  const kinds = [words.about, words.keyPoints, words.figures];
  const names = [...new Set(titles.map(nameOf))].filter(Boolean);
  if (names.length === 0) return [];
  return kinds.slice(0, Math.max(names.length, 2)).map((ask, place) => ask(names[place % names.length] ?? ""));
}

/** A document's title without the ending of its file. */
export function nameOf(title: string): string {
  return short(title.replace(/\.[A-Za-z0-9]{1,5}$/, "").replace(/[_]+/g, " "));
}

function short(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= LONGEST_NAME ? line : `${line.slice(0, LONGEST_NAME - 1).trimEnd()}…`;
}
