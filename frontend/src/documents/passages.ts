import type { Tables } from "@/lib/database.types";

export type Passage = Pick<Tables<"chunks">, "id" | "ordinal" | "text" | "page" | "char_start" | "char_end" | "heading_path">;

export interface Shown {
  id: string;
  /** Where a new page begins: its number. */
  page: number | null;
  /** Where a new section begins: its heading. */
  heading: string | null;
  text: string;
}

/** Passages in order as one text: what two of them share is shown once, a page and a heading where they begin. */
export function joinPassages(passages: readonly Passage[]): Shown[] {
  let end = -1;
  let page: number | null = null;
  let heading: string | null = null;
  return passages.map((passage) => {
    const shown = {
      id: passage.id,
      page: passage.page === page ? null : passage.page,
      heading: lastOf(passage) === heading ? null : lastOf(passage),
      text: withoutOverlap(passage, end),
    };
    end = Math.max(end, passage.char_end);
    page = passage.page;
    heading = lastOf(passage);
    return shown;
  });
}

function lastOf({ heading_path: path }: Passage): string | null {
  return path[path.length - 1] ?? null;
}

/** A passage that is set otherwise than its document (a table whose header is repeated) is shown whole. */
function withoutOverlap({ text, char_start: start, char_end: stop }: Passage, end: number): string {
  const characters = [...text];
  return end > start && characters.length === stop - start ? characters.slice(Math.min(end - start, characters.length)).join("") : text;
}
