"use client";

import { ActionIcon, Avatar, Badge, Group, NativeSelect, Skeleton, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconX } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Returned } from "@/lib/database.types";
import { explainFault } from "@/lib/explain-fault";
import { browserClient } from "@/lib/supabase/browser";
import { usePerson } from "@/shell/person";
import { text } from "@/text/en";
import type { Library } from "./library";
import { ROLES, type SharedRole } from "./roles";
import { Trouble } from "./trouble";

type Member = Returned<"library_people">[number];

export function peopleKey(library: string) {
  return ["people", library] as const;
}

export function PeopleList({ library }: { library: Library }) {
  const people = useQuery({
    queryKey: peopleKey(library.id),
    queryFn: async () => (await (await browserClient()).rpc("library_people", { p_library: library.id }).throwOnError()).data,
  });
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        {text.documents.members}
      </Title>
      {people.isPending && <Skeleton h={44} />}
      {people.isError && !people.data && <Trouble message={text.documents.membersFailed} onRetry={() => void people.refetch()} />}
      {people.data?.map((member) => (
        <Person key={member.email} member={member} library={library} />
      ))}
    </Stack>
  );
}

function Person({ member, library }: { member: Member; library: Library }) {
  const { id } = usePerson();
  const owns = library.role === "owner" && member.role !== "owner";
  return (
    <Group gap="sm">
      <Avatar size={32} radius="xl" color={member.user_id ? "river" : "gray"} aria-hidden>
        {member.email.slice(0, 1).toUpperCase()}
      </Avatar>
      <div style={{ flex: "1 1 150px", minWidth: 0 }}>
        <Text size="sm" truncate>
          {member.email}
        </Text>
        {!member.user_id && (
          <Text size="xs" c="dimmed">
            {text.documents.waiting}
          </Text>
        )}
      </div>
      {member.user_id === id && (
        <Badge variant="default" tt="none">
          {text.documents.you}
        </Badge>
      )}
      {owns ? <Access member={member} library={library.id} /> : <RoleName member={member} />}
    </Group>
  );
}

function RoleName({ member }: { member: Member }) {
  return (
    <Text size="sm" c="dimmed">
      {text.documents.roles[member.role]}
    </Text>
  );
}

/** For the owner: another role, or none. */
function Access({ member, library }: { member: Member; library: string }) {
  const cache = useQueryClient();
  const after = async ({ error }: { error: { code: string; message: string; hint: string } | null }) => {
    if (error) notifications.show({ color: "red", message: explainFault(error) });
    await cache.invalidateQueries({ queryKey: peopleKey(library) });
  };
  const change = async (role: SharedRole) =>
    after(await (await browserClient()).rpc("share_library", { p_library: library, p_email: member.email, p_role: role }));
  return (
    <Group gap={4} wrap="nowrap">
      <NativeSelect
        size="xs"
        aria-label={text.documents.roleOf(member.email)}
        data={ROLES}
        value={member.role}
        onChange={(event) => void change(event.currentTarget.value as SharedRole)}
      />
      <ActionIcon variant="subtle" color="gray" aria-label={text.documents.remove(member.email)} onClick={() => void withdraw(member, library).then(after)}>
        <IconX size={16} />
      </ActionIcon>
    </Group>
  );
}

async function withdraw({ user_id: user, email }: Member, library: string) {
  const client = await browserClient();
  if (user) return client.from("library_members").delete().eq("library_id", library).eq("user_id", user);
  return client.from("invitations").delete().eq("library_id", library).eq("email", email);
}
