"use client";

import { Button, Skeleton, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { usePerson } from "@/shell/person";
import { text } from "@/text/en";
import { Announcement, useAnnouncement } from "./announcement";
import { deleteWithUndo } from "./delete-document";
import { useDeletions } from "./deletions";
import classes from "./document-list-view.module.css";
import type { Document } from "./document";
import type { Order } from "./document-list";
import { DocumentRow } from "./document-row";
import { EmptyLibrary } from "./empty-library";
import { type Library, mayEdit } from "./library";
import { PasswordDialog } from "./late";
import { UploadRow } from "./upload-row";
import { Trouble } from "./trouble";
import { type Upload, useUploads } from "./uploads";
import { useDocuments } from "./use-documents";

interface Props {
  library: Library;
  name: string;
  order: Order;
  onOpen: (document: Document) => void;
  onSearch: () => void;
}

export function DocumentListView({ library, name, order, onOpen, onSearch }: Props) {
  const [settled] = useDebouncedValue(name.trim(), 250);
  const announcement = useAnnouncement();
  const list = useDocuments(library.id, { order, name: settled }, announcement.hear);
  const doomed = useDeletions((state) => state.doomed);
  const { id: person } = usePerson();
  const [locked, setLocked] = useState<Document | null>(null);
  const now = useNow();
  const shown = list.documents.filter((document) => !doomed.some(({ id }) => id === document.id));
  const uploads = useUploads((state) => state.uploads).filter((each) => each.library === library.id && !hasArrived(each, shown));
  const editable = mayEdit(library.role);

  if (list.isPending) return <Waiting />;
  if (list.isError && shown.length === 0) return <Trouble message={text.documents.loadFailed} onRetry={() => void list.refetch()} />;
  return (
    <>
      <Announcement message={announcement.message} />
      {shown.length + uploads.length === 0 && !settled && <EmptyLibrary editable={editable} />}
      {shown.length + uploads.length === 0 && settled && <Text c="dimmed">{text.documents.noneFound(settled)}</Text>}
      {settled && (
        <Button variant="light" onClick={onSearch} className={classes.inside}>
          {text.documents.searchInside(settled)}
        </Button>
      )}
      <ul className={classes.list} aria-label={text.documents.list} hidden={shown.length + uploads.length === 0}>
        {uploads.map((upload) => (
          <UploadRow key={upload.objectName} upload={upload} />
        ))}
        {shown.map((document) => (
          <DocumentRow
            key={document.id}
            document={document}
            editable={editable}
            now={now}
            onOpen={() => onOpen(document)}
            onDelete={() => deleteWithUndo(document, person)}
            onUnlock={() => setLocked(document)}
          />
        ))}
      </ul>
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {text.documents.showMore}
        </Button>
      )}
      {locked && <PasswordDialog document={locked} onClose={() => setLocked(null)} />}
    </>
  );
}

/** All of it was sent, and its document is there: from here on that tells how far it is. */
function hasArrived({ state, share, objectName }: Upload, documents: readonly Document[]): boolean {
  return state === "sending" && share === 1 && documents.some((document) => document.object_name === objectName);
}

/** The time, as of the last half minute. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const clock = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(clock);
  }, []);
  return now;
}

function Waiting() {
  return (
    <Stack gap="sm" aria-busy aria-label={text.common.loading}>
      {[0, 1, 2, 3].map((row) => (
        <Skeleton key={row} h={62} radius="md" />
      ))}
    </Stack>
  );
}
