"use client";

import { ActionIcon, Button, Progress, Text, VisuallyHidden } from "@mantine/core";
import { IconFileUpload, IconX } from "@tabler/icons-react";
import { fileSize } from "@/lib/file-size";
import { text } from "@/text/en";
import rows from "./document-row.module.css";
import status from "./document-status.module.css";
import { type Upload, useUploads } from "./uploads";

/** A file on its way; it looks like the document that it becomes. */
export function UploadRow({ upload }: { upload: Upload }) {
  const { retry, cancel } = useUploads.getState();
  const { file, objectName, state, reason } = upload;
  const failed = state === "failed";
  return (
    <li className={rows.row} data-status={`upload-${state}`}>
      <span className={rows.icon} data-failed={failed || undefined}>
        <IconFileUpload size={22} stroke={1.4} aria-hidden />
      </span>
      <div className={rows.body}>
        <Text fw={550} truncate>
          {file.name}
        </Text>
        <Text size="xs" c="dimmed">
          {fileSize(file.size)}
        </Text>
        {failed && (
          <Text size="sm" className={rows.reason} role="alert">
            <VisuallyHidden>{text.documents.uploadFailed(file.name)}: </VisuallyHidden>
            {reason}
          </Text>
        )}
      </div>
      <div className={rows.status}>
        {failed ? (
          <Button size="compact-sm" variant="default" aria-label={text.documents.retryUpload(file.name)} onClick={() => retry(objectName)}>
            {text.documents.retry}
          </Button>
        ) : (
          <Sending share={upload.share} />
        )}
      </div>
      <ActionIcon variant="subtle" color="gray" aria-label={text.documents.cancelUpload(file.name)} onClick={() => cancel(objectName)}>
        <IconX size={18} />
      </ActionIcon>
    </li>
  );
}

function Sending({ share }: { share: number }) {
  const label = text.documents.uploading(Math.round(share * 100));
  return (
    <div className={status.way}>
      <Text size="xs">{label}</Text>
      <Progress value={share * 100} size={5} radius="xl" aria-label={label} transitionDuration={200} />
    </div>
  );
}
