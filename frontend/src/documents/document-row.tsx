"use client";

import { Text, UnstyledButton } from "@mantine/core";
import { ago } from "@/lib/ago";
import { fileSize } from "@/lib/file-size";
import { text } from "@/text/en";
import type { Document } from "./document";
import { DocumentIcon } from "./document-icon";
import { DocumentMenu } from "./document-menu";
import { DocumentStatus } from "./document-status";
import classes from "./document-row.module.css";
import { retryDocument } from "./document-acts";

interface Props {
  document: Document;
  editable: boolean;
  now: number;
  onOpen: () => void;
  onDelete: () => void;
  onUnlock: () => void;
}

export function DocumentRow({ document, editable, now, onOpen, onDelete, onUnlock }: Props) {
  const failed = document.status === "failed";
  return (
    <li className={classes.row} data-status={document.status}>
      <span className={classes.icon} data-failed={failed || undefined}>
        <DocumentIcon document={document} />
      </span>
      <div className={classes.body}>
        <UnstyledButton className={classes.title} onClick={onOpen} aria-label={text.documents.openPreview(document.title)}>
          {document.title}
        </UnstyledButton>
        <Text size="xs" c="dimmed" className={classes.facts} suppressHydrationWarning /* a moment later than on the server */>
          {factsOf(document, now).join(" · ")}
        </Text>
        {failed && (
          <Text size="sm" className={classes.reason}>
            {document.error_message}
          </Text>
        )}
        {document.active_version !== null && document.status !== "ready" && (
          <Text size="xs" c="dimmed">
            {text.documents.updating}
          </Text>
        )}
      </div>
      <div className={classes.status}>
        <DocumentStatus
          document={document}
          onRetry={editable ? () => void retryDocument(document) : undefined}
          onUnlock={editable ? onUnlock : undefined}
        />
      </div>
      <DocumentMenu document={document} editable={editable} onOpen={onOpen} onDelete={onDelete} />
    </li>
  );
}

function factsOf({ source, pages, chunks_total: passages, bytes, updated_at: updated, status }: Document, now: number): string[] {
  const ready = status === "ready";
  return [
    source === "storage" ? null : text.documents.from[source],
    ready && pages ? text.documents.pages(pages) : null,
    ready && passages ? text.documents.passages(passages) : null,
    bytes === null ? null : fileSize(bytes),
    ago(updated, now),
  ].filter((fact) => fact !== null);
}
