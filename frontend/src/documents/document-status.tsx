import { Button, Group, Progress, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconClock, IconLock, IconRefresh } from "@tabler/icons-react";
import { useHint } from "@/shell/use-hint";
import { text } from "@/text/en";
import { type Document, isLocked, shareDone } from "./document";
import classes from "./document-status.module.css";

interface Props {
  document: Document;
  /** Given only to those who may. */
  onRetry?: (() => void) | undefined;
  onUnlock?: (() => void) | undefined;
}

/** Where a document is on its way, and what can be done when it has stopped. */
export function DocumentStatus({ document, onRetry, onUnlock }: Props) {
  if (document.status === "failed") return <Failed document={document} onRetry={onRetry} onUnlock={onUnlock} />;
  if (document.status === "ready") return <Ready partial={document.partial} />;
  return <UnderWay document={document} />;
}

function Ready({ partial }: { partial: string | null }) {
  if (!partial) {
    return (
      <span className={classes.ready}>
        <IconCircleCheck size={16} stroke={1.8} aria-hidden /> {text.documents.status.ready}
      </span>
    );
  }
  return <Partly reason={partial} />;
}

function Partly({ reason }: { reason: string }) {
  const [near, hint] = useHint(reason);
  return (
    <>
      <span className={classes.partly} tabIndex={0} {...near}>
        <IconAlertTriangle size={16} stroke={1.8} aria-hidden /> {text.documents.partly}
      </span>
      {hint}
    </>
  );
}

function UnderWay({ document }: { document: Document }) {
  const label = stageOf(document);
  const share = shareDone(document);
  if (document.status === "queued") {
    return (
      <span className={classes.queued}>
        <IconClock size={16} stroke={1.8} aria-hidden /> {label}
      </span>
    );
  }
  return (
    <div className={classes.way}>
      <Text size="xs" truncate>
        {label}
      </Text>
      <Progress
        value={share === null ? 100 : Math.max(4, share * 100)}
        animated={share === null}
        size={5}
        radius="xl"
        aria-label={label}
        transitionDuration={200}
      />
    </div>
  );
}

function stageOf({ status, pages, pages_read: read, chunks_done: done, chunks_total: total }: Document): string {
  if (status === "parsing") return text.documents.reading(read, pages);
  if (status === "embedding" && total) return text.documents.indexing(done, total);
  return text.documents.status[status];
}

function Failed({ document, onRetry, onUnlock }: Props) {
  const locked = isLocked(document);
  const act = locked ? onUnlock : onRetry;
  return (
    <Group gap="xs" wrap="nowrap" className={classes.failed}>
      {act && (
        <Button
          size="compact-sm"
          variant="default"
          onClick={act}
          leftSection={locked ? <IconLock size={14} /> : <IconRefresh size={14} />}
          aria-label={locked ? text.documents.unlockOf(document.title) : text.documents.retryOf(document.title)}
        >
          {locked ? text.documents.unlock : text.documents.retry}
        </Button>
      )}
    </Group>
  );
}
