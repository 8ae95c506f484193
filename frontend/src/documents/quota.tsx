"use client";

import { Group, Progress, Text, VisuallyHidden } from "@mantine/core";
import type { Returned } from "@/lib/database.types";
import { fileSize } from "@/lib/file-size";
import { useHint } from "@/shell/use-hint";
import { text } from "@/text/en";
import { useUsage } from "./use-usage";

type Usage = Returned<"library_usage">[number];

/** How full a library is; nothing where there is no limit. */
export function Quota({ library }: { library: string }) {
  const { data: usage } = useUsage(library);
  return usage ? <Fullness usage={usage} /> : null;
}

function Fullness({ usage }: { usage: Usage }) {
  const fullest = Math.max(shareOf(usage.documents, usage.documents_limit), shareOf(usage.bytes, usage.bytes_limit));
  const label = labelOf(usage);
  const [near, hint] = useHint(label);
  return (
    <>
      <Group gap={8} wrap="nowrap" tabIndex={0} role="note" {...near}>
        <VisuallyHidden>
          {text.documents.quota}: {label}
        </VisuallyHidden>
        <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }} aria-hidden>
          {text.documents.count(usage.documents)} · {fileSize(usage.bytes)}
        </Text>
        <Progress value={Math.max(2, fullest * 100)} w={56} size={5} radius="xl" color={fullest > 0.9 ? "red" : "river"} aria-hidden />
      </Group>
      {hint}
    </>
  );
}

function labelOf({ documents, documents_limit: most, bytes, bytes_limit: room }: Usage): string {
  return [
    most === null ? text.documents.count(documents) : text.documents.quotaDocuments(documents, most),
    room === null ? fileSize(bytes) : text.documents.quotaBytes(fileSize(bytes), fileSize(room)),
  ].join(" · ");
}

function shareOf(used: number, limit: number | null): number {
  return limit ? Math.min(1, used / limit) : 0;
}
