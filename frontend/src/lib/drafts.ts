/** Text that was typed and not sent, kept in this browser for each person and place: a conversation, an edited question, a note. */

import { guarded } from "@/lib/guarded";

const PREFIX = "rivulet:draft:";
const MOST = 50;

/** The key of a conversation that was not begun. */
export const BLANK = "new";

export interface Drafts {
  load(place: string): string;
  save(place: string, text: string): void;
}

export function draftsOf(person: string): Drafts {
  const prefix = `${PREFIX}${person}:`;
  return {
    load: (place) => guarded(() => localStorage.getItem(prefix + place)) ?? "",
    save(place, text) {
      const key = prefix + place;
      guarded(() => {
        localStorage.removeItem(key);
        if (text.trim() === "") return;
        dropOldest(prefix);
        localStorage.setItem(key, text);
      });
    },
  };
}

/** There is no order of age in a storage: any goes when there are very many. */
function dropOldest(prefix: string): void {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix) && key !== prefix + BLANK);
  for (const key of keys.slice(0, Math.max(0, keys.length - MOST + 1))) localStorage.removeItem(key);
}
