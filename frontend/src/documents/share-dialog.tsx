"use client";

import { Alert, Button, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { explainFault } from "@/lib/explain-fault";
import { browserClient } from "@/lib/supabase/browser";
import { Dialog } from "@/shell/dialog";
import { usePerson } from "@/shell/person";
import { text } from "@/text/en";
import type { Library } from "./library";
import { peopleKey, PeopleList } from "./people-list";
import { ROLES, type SharedRole } from "./roles";

/** Who has access to a library, and a way to offer it to somebody. */
export function ShareDialog({ library, onClose }: { library: Library; onClose: () => void }) {
  return (
    <Dialog onClose={onClose} size="lg" title={text.documents.shareTitle(library.name)}>
      <Stack gap="lg">
        {library.role === "owner" && <InviteForm library={library.id} />}
        <PeopleList library={library} />
      </Stack>
    </Dialog>
  );
}

function InviteForm({ library }: { library: string }) {
  const cache = useQueryClient();
  const { email: own } = usePerson();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<SharedRole>("viewer");
  const [fault, setFault] = useState<string | null>(null);
  const [invited, setInvited] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!/^\S+@\S+\.\S+$/.test(email.trim())) return setFault(text.auth.emailWrong);
    if (email.trim().toLowerCase() === own.toLowerCase()) return setFault(text.documents.shareSelf);
    setBusy(true);
    const { error } = await (await browserClient()).rpc("share_library", { p_library: library, p_email: email, p_role: role });
    setBusy(false);
    setFault(error ? explainFault(error) : null);
    if (error) return;
    setInvited(email.trim());
    setEmail("");
    await cache.invalidateQueries({ queryKey: peopleKey(library) });
  }

  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {text.documents.shareLead}
        </Text>
        <Group align="flex-end" gap="sm">
          <TextInput
            data-autofocus
            flex="1 1 200px"
            label={text.documents.person}
            type="email"
            autoComplete="off"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <NativeSelect
            flex="1 1 190px"
            label={text.documents.role}
            data={ROLES}
            value={role}
            onChange={(event) => setRole(event.currentTarget.value as SharedRole)}
          />
          <Button type="submit" loading={busy}>
            {text.documents.invite}
          </Button>
        </Group>
        {fault && (
          <Alert color="red" role="alert">
            {fault}
          </Alert>
        )}
        <Text size="sm" role="status" hidden={!invited}>
          {invited && text.documents.invited(invited)}
        </Text>
      </Stack>
    </form>
  );
}
