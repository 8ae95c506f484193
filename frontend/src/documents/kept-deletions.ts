/** Deletions whose time has not come, kept in this browser: if the tab is closed meanwhile the next visit goes on. */

import { guarded } from "@/lib/guarded";

const PREFIX = "rivulet:deletion:";

/** A document as it was when its deletion was asked for. */
export interface Doomed {
  id: string;
  title: string;
  /** Who asked for it. */
  person: string;
  library: string;
  /** Of its file; null if it has none. */
  objectName: string | null;
  version: number;
  /** When it is deleted, in milliseconds since 1970. */
  due: number;
}

export function keep(doomed: Doomed): void {
  guarded(() => localStorage.setItem(PREFIX + doomed.id, JSON.stringify(doomed)));
}

export function forget(id: string): void {
  guarded(() => localStorage.removeItem(PREFIX + id));
}

/** Those of all tabs. */
export function kept(): Doomed[] {
  const keys = guarded(() => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))) ?? [];
  return keys.flatMap((key) => guarded(() => JSON.parse(localStorage.getItem(key) ?? "null") as Doomed | null) ?? []);
}
