"use client";

import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Dialog } from "@/shell/dialog";
import { text } from "@/text/en";

interface Props {
  title: string;
  lead: string;
  action: string;
  onClose: () => void;
  /** Answers what went wrong, or null. */
  onConfirm: () => Promise<string | null>;
}

/** For what cannot be undone. */
export function ConfirmDialog({ title, lead, action, onClose, onConfirm }: Props) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  async function confirm() {
    setBusy(true);
    const found = await onConfirm();
    setBusy(false);
    if (found) setFault(found);
    else onClose();
  }

  return (
    <Dialog onClose={onClose} title={title}>
      <Stack>
        <Text size="sm">{lead}</Text>
        {fault && (
          <Alert color="red" role="alert">
            {fault}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {text.common.cancel}
          </Button>
          <Button color="red" loading={busy} onClick={() => void confirm()}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
