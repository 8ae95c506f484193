"use client";

import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { text } from "@/text/en";
import { GRACE_MS, useDeletions } from "./deletions";
import type { Document } from "./document";

/** Hide a document at once, and delete it unless the person thinks better of it. */
export function deleteWithUndo({ id, title, library_id: library }: Document): void {
  const { begin, undo } = useDeletions.getState();
  const note = `delete-${id}`;
  const takeBack = () => {
    undo(id);
    notifications.hide(note);
  };
  begin({ id, library }, () => notifications.show({ color: "red", message: text.documents.deleteFailed(title) }));
  notifications.show({
    id: note,
    autoClose: GRACE_MS,
    withCloseButton: false,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{text.documents.deleted(title)}</Text>
        <Button size="compact-sm" variant="light" onClick={takeBack}>
          {text.common.undo}
        </Button>
      </Group>
    ),
  });
}
