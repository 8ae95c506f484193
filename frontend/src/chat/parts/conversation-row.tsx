"use client";

import { Button, Group, Modal, Text } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
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
  if (state === "renamed") {
    return (
      <li>
        <RenameBox id={conversation.id} title={conversation.title ?? ""} onDone={done} />
      </li>
    );
  }
  return (
    <li className={classes.row} data-here={isHere || undefined}>
      <Link href={`/chat/${conversation.id}`} className={classes.link} aria-current={isHere ? "page" : undefined} onClick={onNavigate}>
        {title}
      </Link>
      <RowMenu label={words.actions(title)} choices={choices} className={classes.more} />
      {state === "deleted" && (
        <Modal opened onClose={done} title={words.deleteTitle(title)} closeButtonProps={{ "aria-label": text.common.close }}>
          <Deletion id={conversation.id} isHere={isHere} onDone={done} />
        </Modal>
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
