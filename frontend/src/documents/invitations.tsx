"use client";

import { Button, Group, Paper, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconUsers } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { explainFault } from "@/lib/explain-fault";
import { browserClient } from "@/lib/supabase/browser";
import { usePerson } from "@/shell/person";
import { text } from "@/text/en";
import { INVITATIONS_KEY, LIBRARIES_KEY } from "./keys";
import { type Invitation, useInvitations } from "./use-invitations";

/** Each offer with its two answers. */
export function Invitations({ onAccepted }: { onAccepted: (library: string) => void }) {
  return useInvitations().map((each) => <Offer key={each.library_id} invitation={each} onAccepted={onAccepted} />);
}

function Offer({ invitation, onAccepted }: { invitation: Invitation; onAccepted: (library: string) => void }) {
  const { library_id: library, library_name: name, invited_by: by, role } = invitation;
  const { email } = usePerson();
  const cache = useQueryClient();

  async function accept() {
    const { error } = await (await browserClient()).rpc("accept_invitation", { p_library: library });
    await settle(error);
    if (!error) onAccepted(library);
  }

  async function decline() {
    const { error } = await (await browserClient()).from("invitations").delete().eq("library_id", library).eq("email", email.toLowerCase());
    await settle(error);
  }

  async function settle(error: { code: string; message: string } | null) {
    if (error) notifications.show({ color: "red", message: explainFault(error) });
    await Promise.all([INVITATIONS_KEY, LIBRARIES_KEY].map((queryKey) => cache.invalidateQueries({ queryKey })));
  }

  return (
    <Paper withBorder p="md" component="section" aria-label={text.documents.offer(by, name)}>
      <Group justify="space-between">
        <Group gap="sm" wrap="nowrap">
          <IconUsers size={20} stroke={1.6} aria-hidden />
          <Text size="sm">
            {text.documents.offer(by, name)} {text.documents.offerRole(text.documents.roles[role])}
          </Text>
        </Group>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => void decline()}>
            {text.documents.decline}
          </Button>
          <Button size="xs" onClick={() => void accept()}>
            {text.documents.accept}
          </Button>
        </Group>
      </Group>
    </Paper>
  );
}
