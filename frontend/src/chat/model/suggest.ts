/** Questions that a person might put next, made from what is there: no model is asked. */

import type { Citation } from "./rows";

export const MOST = 3;
const LONGEST_NAME = 60;

export interface Words {
  readonly about: (title: string) => string;
  readonly keyPoints: (title: string) => string;
  readonly figures: (title: string) => string;
  readonly section: (heading: string) => string;
  readonly more: (title: string) => string;
}

/** For an empty conversation, from the titles of documents: another question for each, so that they show what can be asked. */
export function openers(titles: readonly string[], words: Words): readonly string[] {
  const kinds = [words.about, words.keyPoints, words.figures];
  const names = [...new Set(titles.map(nameOf))].filter(Boolean);
  if (names.length === 0) return [];
  return kinds.slice(0, Math.max(names.length, 2)).map((ask, place) => ask(names[place % names.length] ?? ""));
}

/** What follows an answer: the other sections of what it cites, then the rest of the documents. Nothing asked before. */
export function followUps(
  citations: readonly Citation[],
  headings: readonly string[],
  asked: readonly string[],
  words: Words,
): readonly string[] {
  const titles = [...new Set(citations.filter((each) => each.status !== "vanished").map((each) => nameOf(each.title)))];
  const proposed = [...new Set(headings.map(short))].filter(Boolean).slice(0, 2).map(words.section);
  const known = new Set(asked.map((each) => each.trim().toLowerCase()));
  const all = [...proposed, ...titles.map(words.more), ...titles.map(words.keyPoints)];
  return [...new Set(all)].filter((each) => !known.has(each.toLowerCase())).slice(0, MOST);
}

/** A document's title without the ending of its file. */
export function nameOf(title: string): string {
  return short(title.replace(/\.[A-Za-z0-9]{1,5}$/, "").replace(/[_]+/g, " "));
}

function short(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= LONGEST_NAME ? line : `${line.slice(0, LONGEST_NAME - 1).trimEnd()}…`;
}
