"use client";

import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { text } from "@/text/en";
import { useDeletions } from "./deletions";
import type { Document } from "./document";

const REASONS = { failed: text.documents.deleteFailed, changed: text.documents.deleteChanged };

/** Hide a document at once, and delete it unless the person thinks better of it. */
export function deleteWithUndo({ id, title, version, library_id: library, object_name: objectName }: Document): void {
  const note = `delete-${id}`;
  useDeletions.getState().begin(
    { id, library, objectName, version },
    {
      decided: () => notifications.hide(note),
      remains: (why) => notifications.show({ color: "red", message: REASONS[why](title) }),
    },
  );
  notifications.show({
    id: note,
    autoClose: false, // its own clock would stand still under the pointer, that of the deletion does not
    withCloseButton: false,
    message: <Note title={title} onUndo={() => takeBack(id, title)} />,
  });
}

function takeBack(id: string, title: string): void {
  if (!useDeletions.getState().undo(id)) notifications.show({ color: "red", message: text.documents.undoTooLate(title) });
}

function Note({ title, onUndo }: { title: string; onUndo: () => void }) {
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm">{text.documents.deleted(title)}</Text>
      <Button size="compact-sm" variant="light" onClick={onUndo}>
        {text.common.undo}
      </Button>
    </Group>
  );
}
