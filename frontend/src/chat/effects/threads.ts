/** The conversations of this tab: one that is left and entered again is shown at once, and then read. */

import { subscribe } from "@/lib/subscribe";
import { newId } from "@/lib/uuid";
import { dataApi } from "./api";
import { draftsOf } from "@/lib/drafts";
import { LiveThread, type Start } from "./live-thread";

const MOST = 12;
const threads = new Map<string, LiveThread>();

export function threadOf(person: string, id: string, start: Start): LiveThread {
  const key = `${person}:${id}`;
  const known = threads.get(key);
  const thread = known ?? new LiveThread(id, start, { person, api: dataApi, drafts: draftsOf(person), subscribe, newId });
  if (typeof window === "undefined") return thread; // a server renders for everybody, and keeps nobody's
  threads.delete(key);
  threads.set(key, thread); // the last used is the last to be forgotten
  if (known === undefined) forgetOldest();
  return thread;
}

function forgetOldest(): void {
  for (const [key, thread] of threads) {
    if (threads.size <= MOST) return;
    if (!thread.isOpen) threads.delete(key);
  }
}
