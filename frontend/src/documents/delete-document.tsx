"use client";

import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { text } from "@/text/en";
import { finishEarlierDeletions, useDeletions } from "./deletions";
import type { Document } from "./document";

const REASONS = { failed: text.documents.deleteFailed, changed: text.documents.deleteChanged };

function tellOfRemains(title: string, why: keyof typeof REASONS): void {
  notifications.show({ color: "red", message: REASONS[why](title) });
}

/** Go on with what the person deleted in an earlier visit. */
export function resumeDeletions(person: string): void {
  void finishEarlierDeletions(person, tellOfRemains);
}

/** Hide a document at once, and delete it unless the person thinks better of it. */
export function deleteWithUndo({ id, title, version, library_id: library, object_name: objectName }: Document, person: string): void {
  const note = `delete-${id}`;
  useDeletions.getState().begin(
    { id, title, person, library, objectName, version },
    {
      decided: () => notifications.hide(note),
      remains: (why) => tellOfRemains(title, why),
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
