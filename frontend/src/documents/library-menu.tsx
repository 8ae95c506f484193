"use client";

import { ActionIcon, Menu } from "@mantine/core";
import { IconDoorExit, IconMessage2, IconPencil, IconSettings, IconTrash } from "@tabler/icons-react";
import Link from "next/link";
import { useState } from "react";
import { usePerson } from "@/shell/person";
import { text } from "@/text/en";
import { ConfirmDialog } from "./confirm-dialog";
import type { Library } from "./libraries";
import { deleteLibrary, leaveLibrary, renameLibrary } from "./library-acts";
import { NameDialog } from "./name-dialog";
import { useUsage } from "./use-usage";

type Open = "rename" | "delete" | "leave" | null;

export function LibraryMenu({ library }: { library: Library }) {
  const [open, setOpen] = useState<Open>(null);
  const owner = library.role === "owner";
  return (
    <>
      <Menu position="bottom-end" width={210}>
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label={text.documents.actions}>
            <IconSettings size={18} stroke={1.6} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} href={`/chat?library=${library.id}`} leftSection={<IconMessage2 size={16} />}>
            {text.documents.ask}
          </Menu.Item>
          {owner && (
            <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => setOpen("rename")}>
              {text.documents.rename}
            </Menu.Item>
          )}
          {owner && !library.personal && (
            <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => setOpen("delete")}>
              {text.documents.deleteLibrary}
            </Menu.Item>
          )}
          {!owner && (
            <Menu.Item color="red" leftSection={<IconDoorExit size={16} />} onClick={() => setOpen("leave")}>
              {text.documents.leave}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <Dialogs library={library} open={open} onClose={() => setOpen(null)} />
    </>
  );
}

function Dialogs({ library, open, onClose }: { library: Library; open: Open; onClose: () => void }) {
  const person = usePerson();
  const usage = useUsage(library.id);
  const words = text.documents;
  if (open === "rename") {
    const save = (name: string) => renameLibrary(library.id, name);
    return <NameDialog title={words.renameTitle} action={words.rename} name={library.name} onClose={onClose} onSave={save} />;
  }
  if (open === "delete") {
    const lead = words.deleteLibraryLead(usage.data?.documents ?? 0);
    const confirm = () => deleteLibrary(library.id);
    return <ConfirmDialog title={words.deleteLibraryTitle(library.name)} lead={lead} action={words.deleteLibrary} onClose={onClose} onConfirm={confirm} />;
  }
  if (open === "leave") {
    const confirm = () => leaveLibrary(library.id, person.id);
    return <ConfirmDialog title={words.leaveTitle(library.name)} lead={words.leaveLead} action={words.leave} onClose={onClose} onConfirm={confirm} />;
  }
  return null;
}
