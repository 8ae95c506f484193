"use client";

import { Button, Group, Stack, Text, Title } from "@mantine/core";
import Link from "next/link";
import { text } from "@/text/en";
import { LogoMark } from "./logo";

/** Instead of what was wanted: what happened, and the next step. */
export function Apology({ title, lead, onRetry }: { title: string; lead: string; onRetry?: () => void }) {
  return (
    <Stack align="center" justify="center" gap="md" mih="60dvh" px="md" ta="center">
      <LogoMark size={44} />
      <Title order={1} size="h3">
        {title}
      </Title>
      <Text c="dimmed" maw={420}>
        {lead}
      </Text>
      <Group>
        {onRetry && <Button onClick={onRetry}>{text.errors.again}</Button>}
        <Button component={Link} href="/chat" variant={onRetry ? "default" : "filled"}>
          {text.errors.home}
        </Button>
      </Group>
    </Stack>
  );
}
