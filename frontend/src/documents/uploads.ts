"use client";

import { create } from "zustand";
import { queryClient } from "@/lib/queries";
import { browserClient } from "@/lib/supabase/browser";
import { useDeletions } from "./deletions";
import { documentsKey } from "./keys";
import { storableName } from "./object-name";
import { sendFile } from "./send-file";

const AT_ONCE = 3;

export interface Upload {
  objectName: string;
  library: string;
  file: File;
  state: "waiting" | "sending" | "failed";
  /** From 0 to 1. */
  share: number;
  reason: string | null;
}

interface Uploads {
  uploads: readonly Upload[];
  add: (library: string, files: readonly File[]) => void;
  retry: (objectName: string) => void;
  cancel: (objectName: string) => void;
}

const stops = new Map<string, () => void>();

/** Files on their way, whatever screen is shown; one that has arrived is a row of the documents and leaves this list. */
export const useUploads = create<Uploads>((set, get) => {
  const change = (objectName: string, part: Partial<Upload>) =>
    set(({ uploads }) => ({ uploads: uploads.map((each) => (each.objectName === objectName ? { ...each, ...part } : each)) }));
  /** Whether a file is still the one on its way under its name. */
  const isCurrent = (file: File) => get().uploads.some((each) => each.file === file);
  const stop = (objectName: string) => stops.get(objectName)?.();
  const drop = (objectName: string) =>
    set(({ uploads }) => ({ uploads: uploads.filter((each) => each.objectName !== objectName) }));

  function begin(): void {
    const { uploads } = get();
    const free = AT_ONCE - uploads.filter((each) => each.state === "sending").length;
    for (const upload of uploads.filter((each) => each.state === "waiting").slice(0, free)) send(upload);
  }

  function send({ objectName, file, library }: Upload): void {
    change(objectName, { state: "sending", share: 0, reason: null });
    useDeletions.getState().spare(objectName);
    const fail = (reason: string) => {
      if (!isCurrent(file)) return;
      change(objectName, { state: "failed", reason });
      begin();
    };
    const stopSending = sendFile(
      { objectName, file },
      {
        progress: (share) => isCurrent(file) && change(objectName, { share }),
        arrived: () => isCurrent(file) && void settle(objectName, library, file.name).finally(() => isCurrent(file) && leave(objectName)),
        failed: fail,
      },
    );
    stops.set(objectName, stopSending);
  }

  function leave(objectName: string): void {
    stops.delete(objectName);
    drop(objectName);
    begin();
  }

  return {
    uploads: [],
    add: (library, files) => {
      const onTheWay = get().uploads.filter((each) => each.state !== "failed");
      const fresh = files.map((file) => waiting(library, file)).filter((each) => !onTheWay.some((other) => isSame(each, other)));
      const added = new Map(fresh.map((each) => [each.objectName, each])); // of two with one name the last
      for (const { objectName } of onTheWay) if (added.has(objectName)) stop(objectName); // a failed one is taken up where it ended
      set(({ uploads }) => ({ uploads: [...added.values(), ...uploads.filter((each) => !added.has(each.objectName))] }));
      begin();
    },
    retry: (objectName) => {
      change(objectName, { state: "waiting" });
      begin();
    },
    cancel: (objectName) => {
      stop(objectName);
      leave(objectName);
    },
  };
});

if (typeof window !== "undefined") {
  window.addEventListener("beforeunload", (event) => {
    if (useUploads.getState().uploads.some((each) => each.state !== "failed")) event.preventDefault();
  });
}

function waiting(library: string, file: File): Upload {
  const objectName = `${library}/${storableName(file.name)}`;
  return { objectName, library, file, state: "waiting", share: 0, reason: null };
}

/** Dropped once more: it need not begin anew. */
function isSame(one: Upload, other: Upload): boolean {
  const { size, lastModified } = one.file;
  return one.objectName === other.objectName && size === other.file.size && lastModified === other.file.lastModified;
}

/** What is left to do for a file that has arrived: its true name, and another try if these bytes had failed before. */
async function settle(objectName: string, library: string, name: string): Promise<void> {
  const client = await browserClient();
  const { data } = await client.from("documents").select("id, title, status").eq("object_name", objectName).maybeSingle();
  if (data && data.title !== name && !objectName.endsWith(`/${name}`)) {
    await client.from("documents").update({ title: name.slice(0, 500) }).eq("id", data.id);
  }
  if (data?.status === "failed") await client.rpc("retry_document", { p_document: data.id });
  await queryClient().invalidateQueries({ queryKey: documentsKey(library) });
}
