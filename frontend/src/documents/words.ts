/** The words of a search that are worth marking in what it found: quotation marks hold a phrase together. */
export function wordsOf(query: string): string[] {
  const phrases = [...query.matchAll(/["“„]([^"“”„]+)["“”]/g)].map((match) => match[1]?.trim() ?? "");
  const rest = query.replace(/["“„][^"“”„]+["“”]/g, " ");
  const words = rest.split(/[\s,;:!?()]+/).map((word) => word.replace(/^\W+|[*\W]+$/gu, (part) => (/[\p{L}\p{N}]/u.test(part) ? part : "")));
  return [...phrases, ...words].filter((word) => word.length > 1);
}
