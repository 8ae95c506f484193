/** A conversation as Markdown, for other programs: each answer with the sources that it cites. */

import type { Citation } from "./rows";
import type { Turn } from "./turns";

export interface Words {
  readonly untitled: string;
  readonly sources: string;
  readonly page: (page: number) => string;
}

export function asMarkdown(title: string | null, turns: readonly Turn[], words: Words): string {
  const parts = turns.flatMap((turn) => {
    const question = turn.question?.content ?? turn.outgoing?.content ?? "";
    const answer = turn.answer === null ? [] : [answerAsMarkdown(turn.answer.content, turn.answer.citations, words)];
    return [quoted(question), ...answer];
  });
  return [`# ${oneLine(title ?? words.untitled)}`, ...parts].join("\n\n") + "\n";
}

export function answerAsMarkdown(content: string, citations: readonly Citation[], words: Words): string {
  if (citations.length === 0) return content;
  const sources = citations.map((each) => {
    const page = each.page === null ? "" : `, ${words.page(each.page)}`;
    return `- \\[${each.marker}\\] ${escaped(each.title)}${page}: “${escaped(oneLine(each.quote))}”`;
  });
  return [content, `${words.sources}\n\n${sources.join("\n")}`].join("\n\n");
}

function quoted(text: string): string {
  return text.split("\n").map((line) => `> ${line}`.trimEnd()).join("\n");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** Signs that would mean something in Markdown stand for themselves. */
function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<>#|]/g, "\\$&");
}

/** A name for the file: of a title, what every system takes. */
export function fileName(title: string | null, fallback: string): string {
  const name = (title ?? "").normalize("NFC").replace(/[^\p{L}\p{N} _-]+/gu, " ").replace(/\s+/g, " ").trim().slice(0, 80);
  return `${name || fallback}.md`;
}
