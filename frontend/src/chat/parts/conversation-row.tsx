"use client";

import { Button, Group, Text } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { Dialog } from "@/shell/dialog";
import { RowMenu } from "@/shell/row-menu";
import { text } from "@/text/en";
import { useConversationChanges } from "../effects/conversations";
import type { Conversation } from "../model/rows";
import classes from "./conversation-row.module.css";
import { tellFailure } from "./failure-text";
import { RenameBox } from "./rename-box";

const words = text.chat.list;

interface ConversationRowProps {
  readonly conversation: Conversation;
  readonly isHere: boolean;
  readonly onNavigate: () => void;
}

export function ConversationRow({ conversation, isHere, onNavigate }: ConversationRowProps) {
  const [state, setState] = useState<"shown" | "renamed" | "deleted">("shown");
  const title = conversation.title ?? text.chat.untitled;
  const done = () => setState("shown");
  const choices = [
    { name: words.rename, icon: IconPencil, act: () => setState("renamed") },
    { name: words.delete, icon: IconTrash, isGrave: true, act: () => setState("deleted") },
  ];
  return (
    <li className={classes.row} data-here={isHere || undefined}>
      {state === "renamed" ? (
        <RenameBox id={conversation.id} title={conversation.title ?? ""} onDone={done} />
      ) : (
        <Link href={`/chat/${conversation.id}`} className={classes.link} aria-current={isHere ? "page" : undefined} onClick={onNavigate}>
          {title}
        </Link>
      )}
      <RowMenu label={words.actions(title)} choices={choices} className={classes.more} />
      {state === "deleted" && (
        <Dialog onClose={done} title={words.deleteTitle(title)}>
          <Deletion id={conversation.id} isHere={isHere} onDone={done} />
        </Dialog>
      )}
    </li>
  );
}

function Deletion({ id, isHere, onDone }: { id: string; isHere: boolean; onDone: () => void }) {
  const { remove } = useConversationChanges();
  const router = useRouter();
  const [isBusy, setIsBusy] = useState(false);
  async function confirm() {
    setIsBusy(true);
    if (isHere) router.push("/chat"); // before it is gone under the reader's eyes
    tellFailure(await remove(id));
    setIsBusy(false);
    onDone();
  }
  return (
    <>
      <Text size="sm">{words.deleteLead}</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onDone} data-autofocus>
          {words.keep}
        </Button>
        <Button color="red" loading={isBusy} onClick={() => void confirm()}>
          {words.deleteYes}
        </Button>
      </Group>
    </>
  );
}
