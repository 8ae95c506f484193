"use client";

import { Button, Group, PasswordInput, Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { explainFault } from "@/lib/explain-fault";
import { browserClient } from "@/lib/supabase/browser";
import { Dialog } from "@/shell/dialog";
import { text } from "@/text/en";
import type { Document } from "./document";

/** For a document that cannot be read without its password. */
export function PasswordDialog({ document, onClose }: { document: Document; onClose: () => void }) {
  const [password, setPassword] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    const { error } = await (await browserClient()).rpc("provide_password", { p_document: document.id, p_password: password });
    setBusy(false);
    if (error) setFault(explainFault(error));
    else onClose();
  }

  return (
    <Dialog onClose={onClose} title={text.documents.passwordTitle(document.title)}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <Text size="sm" c="dimmed">
            {text.documents.passwordLead}
          </Text>
          <PasswordInput
            data-autofocus
            label={text.documents.passwordLabel}
            autoComplete="off"
            error={fault}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {text.common.cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={!password}>
              {text.documents.unlock}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
