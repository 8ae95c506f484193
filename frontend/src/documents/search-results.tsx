"use client";

import { Button, Group, Highlight, Skeleton, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Returned } from "@/lib/database.types";
import { browserClient } from "@/lib/supabase/browser";
import { text } from "@/text/en";
import classes from "./search-results.module.css";
import { Trouble } from "./trouble";
import { wordsOf } from "./words";

export type Hit = Returned<"search_passages">[number];

interface Props {
  library: string;
  query: string;
  onBack: () => void;
  onOpen: (hit: Hit) => void;
}

/** The passages of a library that hold the words. */
export function SearchResults({ library, query, onBack, onOpen }: Props) {
  const found = useQuery({
    queryKey: ["search", library, query],
    queryFn: async () => (await (await browserClient()).rpc("search_passages", { p_query: query, p_library: library }).throwOnError()).data,
  });
  return (
    <Stack gap="sm">
      <Group>
        <Button variant="subtle" leftSection={<IconArrowLeft size={16} />} onClick={onBack}>
          {text.documents.backToList}
        </Button>
        <Text size="sm" c="dimmed" role="status">
          {found.data && text.documents.hits(found.data.length)}
        </Text>
      </Group>
      {found.isPending && <Skeleton h={90} />}
      {found.isError && <Trouble message={text.errors.network} onRetry={() => void found.refetch()} />}
      {found.data?.length === 0 && <Text c="dimmed">{text.documents.noHits}</Text>}
      {found.data?.map((hit) => <Passage key={hit.chunk_id} hit={hit} words={wordsOf(query)} onOpen={() => onOpen(hit)} />)}
    </Stack>
  );
}

function Passage({ hit, words, onOpen }: { hit: Hit; words: string[]; onOpen: () => void }) {
  const place = [hit.page === null ? null : text.documents.page(hit.page), ...hit.heading_path].filter(Boolean).join(" › ");
  return (
    <UnstyledButton className={classes.hit} onClick={onOpen}>
      <Text fw={600} size="sm" lineClamp={2} className={classes.title}>
        {hit.title}
      </Text>
      <Text size="xs" c="dimmed">
        {place}
      </Text>
      <Highlight size="sm" highlight={words} lineClamp={4} component="p" className={classes.text} highlightStyles={{ background: "var(--app-mark)", color: "inherit" }}>
        {hit.text}
      </Highlight>
    </UnstyledButton>
  );
}
