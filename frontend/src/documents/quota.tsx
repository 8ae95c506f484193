"use client";

import { Group, Progress, Text, Tooltip, VisuallyHidden } from "@mantine/core";
import { fileSize } from "@/lib/file-size";
import { text } from "@/text/en";
import { useUsage } from "./use-usage";

/** How full a library is; nothing where there is no limit. */
export function Quota({ library }: { library: string }) {
  const { data: usage } = useUsage(library);
  if (!usage) return null;
  const shares = [shareOf(usage.documents, usage.documents_limit), shareOf(usage.bytes, usage.bytes_limit)];
  const fullest = Math.max(...shares);
  const label = [
    usage.documents_limit === null ? text.documents.count(usage.documents) : text.documents.quotaDocuments(usage.documents, usage.documents_limit),
    usage.bytes_limit === null ? fileSize(usage.bytes) : text.documents.quotaBytes(fileSize(usage.bytes), fileSize(usage.bytes_limit)),
  ].join(" · ");
  return (
    <Tooltip label={label}>
      <Group gap={8} wrap="nowrap" tabIndex={0} role="note">
        <VisuallyHidden>
          {text.documents.quota}: {label}
        </VisuallyHidden>
        <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }} aria-hidden>
          {text.documents.count(usage.documents)} · {fileSize(usage.bytes)}
        </Text>
        <Progress value={Math.max(2, fullest * 100)} w={56} size={5} radius="xl" color={fullest > 0.9 ? "red" : "river"} aria-hidden />
      </Group>
    </Tooltip>
  );
}

function shareOf(used: number, limit: number | null): number {
  return limit ? Math.min(1, used / limit) : 0;
}
