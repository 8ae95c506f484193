"use client";

import { Button, Group, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { explainFault } from "@/lib/explain-fault";
import { browserClient } from "@/lib/supabase/browser";
import { Dialog } from "@/shell/dialog";
import { text } from "@/text/en";
import { webAddress } from "./web-address";

export function AddressDialog({ library, onClose }: { library: string; onClose: () => void }) {
  const [address, setAddress] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const url = webAddress(address);
    if (!url) return setFault(text.documents.addressWrong);
    setBusy(true);
    // Its title is the address until the page has been read.
    const { error } = await (await browserClient()).from("documents").insert({ library_id: library, source: "url", url, title: titleOf(url) });
    setBusy(false);
    if (!error) return onClose();
    setFault(error.code === "23505" ? text.documents.addressTaken : explainFault(error));
  }

  return (
    <Dialog onClose={onClose} title={text.documents.addAddress}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Stack>
          <TextInput
            data-autofocus
            type="url"
            label={text.documents.address}
            placeholder={text.documents.addressHint}
            error={fault}
            value={address}
            onChange={(event) => setAddress(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {text.common.cancel}
            </Button>
            <Button type="submit" loading={busy}>
              {text.documents.add}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

function titleOf(url: string): string {
  return url.replace(/^https?:\/\/(www\.)?/i, "").slice(0, 500);
}
