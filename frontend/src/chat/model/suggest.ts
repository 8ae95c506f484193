/** Questions that a person might put next, made from what is there: no model is asked. */

import { fields, text } from "./unknown";

const LONGEST_NAME = 60;

export interface OpenerWords {
  readonly about: (title: string) => string;
  readonly keyPoints: (title: string) => string;
  readonly figures: (title: string) => string;
}

export interface FollowUpWords {
  readonly section: (title: string, heading: string) => string;
  readonly document: (title: string) => string;
}

/** For an empty conversation, from the titles of documents: another question for each, so that they show what can be asked. */
export function openers(titles: readonly string[], words: OpenerWords): readonly string[] {
  const kinds = [words.about, words.keyPoints, words.figures];
  const names = [...new Set(titles.map(nameOf))].filter(Boolean);
  if (names.length === 0) return [];
  return kinds.slice(0, Math.max(names.length, 2)).map((ask, place) => ask(names[place % names.length] ?? ""));
}

/** After an answer, from sections that stand near what it cites: rows of {title, heading}. */
export function followUps(rows: readonly unknown[], words: FollowUpWords): readonly string[] {
  const questions = rows.flatMap((row) => {
    const title = nameOf(text(fields(row)?.title) ?? "");
    const heading = short(text(fields(row)?.heading) ?? "");
    if (title === "") return [];
    return [heading === "" ? words.document(title) : words.section(title, heading)];
  });
  return [...new Set(questions)];
}

/** A document's title without the ending of its file. */
export function nameOf(title: string): string {
  return short(title.replace(/\.[A-Za-z0-9]{1,5}$/, "").replace(/_+/g, " "));
}

function short(words: string): string {
  const line = words.replace(/\s+/g, " ").trim();
  return line.length <= LONGEST_NAME ? line : `${line.slice(0, LONGEST_NAME - 1).trimEnd()}…`;
}
