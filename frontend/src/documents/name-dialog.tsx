"use client";

import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Dialog } from "@/shell/dialog";
import { text } from "@/text/en";

interface Props {
  title: string;
  lead?: string;
  action: string;
  name?: string;
  onClose: () => void;
  /** Answers what went wrong, or null. */
  onSave: (name: string) => Promise<string | null>;
}

/** Asks for the name of a library. */
export function NameDialog({ title, lead, action, name: before = "", onClose, onSave }: Props) {
  const [name, setName] = useState(before);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    const found = await onSave(name.trim());
    setBusy(false);
    if (found) setFault(found);
    else onClose();
  }

  return (
    <Dialog onClose={onClose} title={title}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {lead && (
            <Text size="sm" c="dimmed">
              {lead}
            </Text>
          )}
          {fault && (
            <Alert color="red" role="alert">
              {fault}
            </Alert>
          )}
          <TextInput
            data-autofocus
            label={text.documents.name}
            placeholder={text.documents.nameHint}
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {text.common.cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={!name.trim()}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
