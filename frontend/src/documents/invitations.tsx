"use client";

import { Button, Group, Paper, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconUsers } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Returned } from "@/lib/database.types";
import { explainFault } from "@/lib/explain-fault";
import { useSubscription } from "@/lib/subscribe";
import { browserClient } from "@/lib/supabase/browser";
import { usePerson } from "@/shell/person";
import { text } from "@/text/en";
import { LIBRARIES_KEY } from "./libraries";

type Invitation = Returned<"my_invitations">[number];

const KEY = ["invitations"] as const;

/** What others offer to share, live. */
export function Invitations({ onAccepted }: { onAccepted: (library: string) => void }) {
  const { id } = usePerson();
  const cache = useQueryClient();
  const refresh = () => void cache.invalidateQueries({ queryKey: KEY });
  useSubscription(`person:${id}`, {
    hear: ({ payload }) => {
      if (payload.table === "invitations") refresh();
    },
    catchUp: refresh,
  });
  const { data = [] } = useQuery({
    queryKey: KEY,
    queryFn: async () => (await browserClient().rpc("my_invitations").throwOnError()).data,
  });
  return data.map((each) => <Offer key={each.library_id} invitation={each} onAccepted={onAccepted} />);
}

function Offer({ invitation, onAccepted }: { invitation: Invitation; onAccepted: (library: string) => void }) {
  const { library_id: library, library_name: name, invited_by: by, role } = invitation;
  const { email } = usePerson();
  const cache = useQueryClient();

  async function accept() {
    const { error } = await browserClient().rpc("accept_invitation", { p_library: library });
    await after(error);
    if (!error) onAccepted(library);
  }

  async function decline() {
    const { error } = await browserClient().from("invitations").delete().eq("library_id", library).eq("email", email.toLowerCase());
    await after(error);
  }

  async function after(error: { code: string; message: string } | null) {
    if (error) notifications.show({ color: "red", message: explainFault(error) });
    await cache.invalidateQueries({ queryKey: KEY });
    await cache.invalidateQueries({ queryKey: LIBRARIES_KEY });
  }

  return (
    <Paper withBorder p="md" role="region" aria-label={text.documents.offer(by, name)}>
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
