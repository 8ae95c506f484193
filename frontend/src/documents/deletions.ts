"use client";

import { create } from "zustand";
import { queryClient } from "@/lib/queries";
import { browserClient } from "@/lib/supabase/browser";
import { type Doomed, forget, keep, kept } from "./kept-deletions";
import { documentsKey } from "./keys";

/** For so long a deletion can be undone. */
export const GRACE_MS = 7_000;

type Subject = Omit<Doomed, "due">;

type Remains = "failed" | "changed";

/** What is told of a deletion. */
interface Course {
  /** Its time is over: it was undone, or can be no longer. */
  decided: () => void;
  /** The document is there still: the deletion failed, or what would be deleted has changed since. */
  remains: (why: Remains) => void;
}

interface Deletions {
  /** Documents that are hidden already, and deleted when the time for second thoughts is over. */
  doomed: readonly Subject[];
  begin: (document: Subject, course: Course) => void;
  /** Delete at once what still waits: the page is left. What then remains is for the next visit. */
  hurry: () => Promise<void>;
  /** Whether there was still time. */
  undo: (id: string) => boolean;
  /** The file is sent anew: whoever deleted the one of that name did not mean this one. */
  spare: (objectName: string) => void;
}

interface Pending {
  document: Subject;
  clock: ReturnType<typeof setTimeout>;
  course: Course;
}

const pending = new Map<string, Pending>();

export const useDeletions = create<Deletions>((set, get) => {
  const without = (id: string) => get().doomed.filter((each) => each.id !== id);

  function release(id: string): void {
    forget(id);
    set({ doomed: without(id) });
  }

  async function hasten({ document, course, clock }: Pending): Promise<void> {
    clearTimeout(clock);
    pending.delete(document.id);
    course.decided();
    if ((await carryOut(document)) === "deleted") release(document.id);
  }

  async function end(document: Subject, course: Course): Promise<void> {
    pending.delete(document.id);
    course.decided();
    const outcome = await carryOut(document);
    if (outcome !== "deleted") course.remains(outcome);
    release(document.id);
  }

  return {
    doomed: [],
    begin: (document, course) => {
      keep({ ...document, due: Date.now() + GRACE_MS });
      set({ doomed: [...without(document.id), document] });
      pending.set(document.id, { document, course, clock: setTimeout(() => void end(document, course), GRACE_MS) });
    },
    hurry: async () => void (await Promise.all([...pending.values()].map(hasten))),
    undo: (id) => {
      const begun = pending.get(id);
      if (!begun) return false;
      clearTimeout(begun.clock);
      pending.delete(id);
      begun.course.decided();
      release(id);
      return true;
    },
    spare: (objectName) => {
      const same = [...get().doomed, ...kept()].filter((each) => each.objectName === objectName);
      for (const { id } of same) if (!get().undo(id)) forget(id);
    },
  };
});

if (typeof window !== "undefined") window.addEventListener("pagehide", () => void useDeletions.getState().hurry());

/** Deletions that somebody asked for in an earlier visit and that have not come about; those of another tab are its own. */
export async function finishEarlierDeletions(person: string, tell: (title: string, why: Remains) => void): Promise<void> {
  const now = Date.now();
  const left = kept().filter((each) => each.person === person && each.due + GRACE_MS < now);
  for (const document of left) {
    const outcome = await carryOut(document);
    if (outcome !== "deleted") tell(document.title, outcome);
    forget(document.id);
  }
}

/** Delete a document, unless it is another than it was then. */
async function carryOut({ id, version, library }: Subject): Promise<"deleted" | Remains> {
  const client = await browserClient();
  const { error } = await client.from("documents", { fetch: outliving }).delete().eq("id", id).eq("version", version);
  const { data: left } = await client.from("documents").select("version").eq("id", id).maybeSingle();
  await queryClient().invalidateQueries({ queryKey: documentsKey(library) });
  if (error || left?.version === version) return "failed";
  return left ? "changed" : "deleted";
}

/** A request that goes on when the page is left. */
function outliving(address: RequestInfo | URL, request?: RequestInit): Promise<Response> {
  return fetch(address, { ...request, keepalive: true });
}
