"use client";

import type { DetailedError, Upload } from "tus-js-client";
import { storageHost } from "@/lib/csp";
import { pageSettings } from "@/lib/page-settings";
import { patiently } from "@/lib/patiently";
import { browserClient } from "@/lib/supabase/browser";
import { text } from "@/text/en";
import { BUCKET } from "./bucket";
import { uploadRefusal } from "./upload-refusal";

/** Hosted Storage takes no other size: https://supabase.com/docs/guides/storage/uploads/resumable-uploads */
const CHUNK_BYTES = 6 * 1024 * 1024;

export interface Parcel {
  file: File;
  /** With the library's folder. */
  objectName: string;
}

export interface Course {
  progress: (share: number) => void;
  arrived: () => void;
  failed: (reason: string) => void;
}

/** Send a file in chunks; what Storage has of it from an earlier try is not sent again. Gives how to stop, at any time. */
export function sendFile(parcel: Parcel, course: Course): () => void {
  const stopping = new AbortController();
  const preparing = prepare(parcel, course, stopping.signal);
  preparing.then(
    (upload) => !stopping.signal.aborted && upload.start(),
    () => course.failed(text.errors.network),
  );
  return () => {
    stopping.abort();
    // What Storage could not be told to drop expires there.
    preparing.then((upload) => upload.abort(true)).catch(() => undefined);
  };
}

async function prepare(parcel: Parcel, course: Course, stopped: AbortSignal): Promise<Upload> {
  const { Upload } = await patiently(() => import("tus-js-client"));
  const upload = new Upload(parcel.file, {
    endpoint: endpoint(),
    chunkSize: CHUNK_BYTES,
    retryDelays: [0, 1_000, 3_000, 5_000, 10_000, 20_000],
    removeFingerprintOnSuccess: true,
    uploadDataDuringCreation: true,
    headers: { "x-upsert": "true", apikey: pageSettings().supabaseKey },
    metadata: {
      bucketName: BUCKET,
      objectName: parcel.objectName,
      contentType: parcel.file.type || typeByName(parcel.file.name),
      cacheControl: "3600",
    },
    fingerprint: (file) => Promise.resolve(["tus", parcel.objectName, file.size, file.lastModified].join("|")),
    // A token lives for an hour, a large file may take longer.
    onBeforeRequest: async (request) => {
      const { data } = await (await browserClient()).auth.getSession();
      // A request that waits here is not yet sent, so that to abort it has no effect.
      if (request.getMethod() !== "DELETE") stopped.throwIfAborted();
      request.setHeader("authorization", `Bearer ${data.session?.access_token ?? ""}`);
    },
    onProgress: (sent, total) => course.progress(total ? sent / total : 1),
    onSuccess: course.arrived,
    onError: (error) => course.failed(reasonOf(error)),
  });
  const [previous] = await upload.findPreviousUploads();
  if (previous) upload.resumeFromPreviousUpload(previous);
  return upload;
}

function endpoint(): string {
  const { supabaseUrl } = pageSettings();
  return `${storageHost(new URL(supabaseUrl).origin) || supabaseUrl}/storage/v1/upload/resumable`;
}

function reasonOf(error: Error | DetailedError): string {
  const reply = "originalResponse" in error ? error.originalResponse : null;
  return uploadRefusal(reply?.getStatus() ?? 0, reply?.getBody() ?? "");
}

// What browsers often leave empty; the parser looks into the file anyway.
const TYPES: Record<string, string> = {
  md: "text/markdown", csv: "text/csv", eml: "message/rfc822", epub: "application/epub+zip", rtf: "application/rtf",
};

function typeByName(name: string): string {
  return TYPES[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "application/octet-stream";
}
