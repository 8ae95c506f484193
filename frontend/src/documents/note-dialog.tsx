"use client";

import { Alert, Button, Group, Stack, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { explainFault } from "@/lib/explain-fault";
import { browserClient } from "@/lib/supabase/browser";
import { Dialog } from "@/shell/dialog";
import { text } from "@/text/en";
import { useDraft } from "./use-draft";

/** A note that was begun waits for whichever library it is added to: the one it was meant for may be gone. Only Cancel throws it away. */
export function NoteDialog({ library, onClose }: { library: string; onClose: () => void }) {
  const [title, setTitle] = useDraft("note:title");
  const [content, setContent] = useDraft("note:text");
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  function forget() {
    setTitle("");
    setContent("");
    onClose();
  }
  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    const { error } = await (await browserClient()).from("documents").insert({ library_id: library, title: title.trim(), content });
    setBusy(false);
    if (error) setFault(explainFault(error));
    else forget();
  }

  const isBlank = content.trim() === "";
  // What was written does not vanish by a press beside it.
  return (
    <Dialog onClose={onClose} size="lg" title={text.documents.addText} closeOnClickOutside={isBlank} closeOnEscape={isBlank}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {fault && (
            <Alert color="red" role="alert">
              {fault}
            </Alert>
          )}
          <TextInput data-autofocus label={text.documents.noteTitle} maxLength={500} value={title} onChange={(event) => setTitle(event.currentTarget.value)} />
          <Textarea
            label={text.documents.noteText}
            description={text.documents.noteHint}
            autosize
            minRows={8}
            maxRows={20}
            value={content}
            onChange={(event) => setContent(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={forget}>
              {text.common.cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={!title.trim() || isBlank}>
              {text.documents.add}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
