"use client";

import { ActionIcon, Button, Drawer, Group, Highlight, NumberInput, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useState } from "react";
import { PHONE, useMedia } from "@/lib/use-media";
import { useFocusReturn } from "@/shell/use-focus-return";
import { text } from "@/text/en";
import { type Document } from "./document";
import { DocumentStatus } from "./document-status";
import { hasOriginal, openOriginal } from "./open-original";
import { joinPassages, type Shown } from "./passages";
import classes from "./preview.module.css";
import { useDocument } from "./use-document";
import { usePassages } from "./use-passages";

interface Props {
  document: Document;
  /** Where to begin; the beginning, if null. */
  page: number | null;
  marked: string[];
  onClose: () => void;
}

/** The text of a document as it was read, beside the list; over it on a phone. */
export function Preview({ document: known, page, marked, onClose }: Props) {
  useFocusReturn();
  const document = useDocument(known);
  const phone = useMedia(PHONE);
  return (
    <Drawer
      opened
      onClose={onClose}
      position={phone ? "bottom" : "right"}
      size={phone ? "92%" : 620}
      title={(document ?? known).title}
      overlayProps={{ backgroundOpacity: 0.2 }}
      closeButtonProps={{ "aria-label": text.common.close }}
      classNames={{ title: classes.title, body: classes.body, content: classes.content, header: classes.header }}
    >
      {document ? (
        <Content key={`${document.id}:${page}`} document={document} page={page} marked={marked} />
      ) : (
        <Text role="status">{text.documents.gone}</Text>
      )}
    </Drawer>
  );
}

function Content({ document, page, marked }: Omit<Props, "onClose">) {
  return document.active_version === null ? <Unread document={document} /> : <Words document={document} page={page} marked={marked} />;
}

/** Nothing to read yet: how far it is, or why it came to nothing. */
function Unread({ document }: { document: Document }) {
  const failed = document.status === "failed";
  return (
    <Stack gap="md" align="flex-start">
      <Text c={failed ? undefined : "dimmed"}>{failed ? document.error_message : text.documents.notReady}</Text>
      {!failed && <DocumentStatus document={document} />}
    </Stack>
  );
}

function Words({ document, page, marked }: Omit<Props, "onClose">) {
  const [from, setFrom] = useState(page);
  const passages = usePassages(document.id, document.active_version, from);
  const shown = joinPassages(passages.data?.pages.flat() ?? []);
  return (
    <Stack gap="md">
      <Bar document={document} page={from} onPage={setFrom} />
      {passages.isPending && <Skeleton h={220} />}
      {passages.isError && <Text role="alert">{text.errors.network}</Text>}
      {passages.isSuccess && shown.length === 0 && <Text c="dimmed">{text.documents.noText}</Text>}
      {passages.hasPreviousPage && (
        <Button variant="subtle" loading={passages.isFetchingPreviousPage} onClick={() => void passages.fetchPreviousPage()}>
          {text.documents.earlier}
        </Button>
      )}
      <article className={classes.text} tabIndex={0} aria-label={document.title}>
        {shown.map((each) => (
          <Part key={each.id} part={each} marked={marked} />
        ))}
      </article>
      {passages.hasNextPage && (
        <Button variant="default" loading={passages.isFetchingNextPage} onClick={() => void passages.fetchNextPage()}>
          {text.documents.showMore}
        </Button>
      )}
    </Stack>
  );
}

function Bar({ document, page, onPage }: { document: Document; page: number | null; onPage: (page: number | null) => void }) {
  const { pages } = document;
  return (
    <Group justify="space-between">
      {pages && pages > 1 ? (
        <NumberInput
          size="xs"
          w={150}
          aria-label={text.documents.goToPage}
          prefix={`${text.documents.pageWord} `}
          suffix={text.documents.ofPages(pages)}
          min={1}
          max={pages}
          clampBehavior="strict"
          value={page ?? 1}
          onChange={(value) => onPage(typeof value === "number" ? value : null)}
        />
      ) : (
        <span />
      )}
      {hasOriginal(document) && (
        <ActionIcon variant="default" size="lg" aria-label={text.documents.original} onClick={() => void openOriginal(document, page)}>
          <IconExternalLink size={18} stroke={1.6} />
        </ActionIcon>
      )}
    </Group>
  );
}

function Part({ part, marked }: { part: Shown; marked: string[] }) {
  return (
    <>
      {part.page !== null && <div className={classes.page}>{text.documents.page(part.page)}</div>}
      {part.heading && (
        <Title order={3} size="h5">
          {part.heading}
        </Title>
      )}
      <Highlight highlight={marked} component="div" className={classes.part} highlightStyles={{ background: "var(--app-mark)", color: "inherit" }}>
        {part.text}
      </Highlight>
    </>
  );
}
