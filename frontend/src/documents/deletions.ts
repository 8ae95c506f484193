"use client";

import { create } from "zustand";
import { queryClient } from "@/lib/queries";
import { browserClient } from "@/lib/supabase/browser";
import { documentsKey } from "./keys";

/** For so long a deletion can be undone. */
export const GRACE_MS = 7_000;
const KEPT = "rivulet.deletions";

interface Subject {
  id: string;
  library: string;
}

interface Doomed extends Subject {
  /** When it is deleted, in milliseconds since 1970. */
  due: number;
}

interface Deletions {
  /** Documents that are hidden already, and deleted when the time for second thoughts is over. */
  doomed: readonly Doomed[];
  begin: (document: Subject, onFailure: () => void) => void;
  undo: (id: string) => void;
}

const clocks = new Map<string, ReturnType<typeof setTimeout>>();

export const useDeletions = create<Deletions>((set, get) => {
  const keep = (doomed: readonly Doomed[]) => {
    // If the tab is closed meanwhile the next visit goes on.
    localStorage.setItem(KEPT, JSON.stringify(doomed));
    set({ doomed });
  };
  const without = (id: string) => get().doomed.filter((each) => each.id !== id);
  async function end(document: Subject, onFailure: () => void): Promise<void> {
    if (!(await carryOut([document]))) onFailure();
    keep(without(document.id));
  }
  return {
    doomed: [],
    begin: (document, onFailure) => {
      keep([...without(document.id), { ...document, due: Date.now() + GRACE_MS }]);
      clocks.set(document.id, setTimeout(() => void end(document, onFailure), GRACE_MS));
    },
    undo: (id) => {
      clearTimeout(clocks.get(id));
      keep(without(id));
    },
  };
});

/** Deletions of an earlier visit that was left before their time had come; those of another tab are its own. */
export async function finishEarlierDeletions(): Promise<void> {
  const kept = read();
  const left = kept.filter((each) => each.due + GRACE_MS < Date.now());
  if (left.length === 0) return;
  localStorage.setItem(KEPT, JSON.stringify(kept.filter((each) => !left.includes(each))));
  await carryOut(left);
}

function read(): Doomed[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(kept) ? (kept as Doomed[]) : [];
  } catch {
    return [];
  }
}

async function carryOut(doomed: readonly Subject[]): Promise<boolean> {
  const ids = doomed.map((each) => each.id);
  const { error } = await (await browserClient()).from("documents").delete().in("id", ids);
  await Promise.all(
    [...new Set(doomed.map((each) => each.library))].map((library) =>
      queryClient().invalidateQueries({ queryKey: documentsKey(library) }),
    ),
  );
  return !error;
}
