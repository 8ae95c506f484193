"use client";

import { ActionIcon } from "@mantine/core";
import { IconDoorExit, IconMessage2, IconPencil, IconSettings, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { Choice } from "@/shell/choices";
import { LateMenu } from "@/shell/late-menu";
import { usePerson } from "@/shell/person";
import { text } from "@/text/en";
import type { Library } from "./library";
import { deleteLibrary, leaveLibrary, renameLibrary } from "./library-acts";
import { ConfirmDialog, NameDialog } from "./late";
import { useUsage } from "./use-usage";

type Open = "rename" | "delete" | "leave" | null;

export function LibraryMenu({ library }: { library: Library }) {
  const [open, setOpen] = useState<Open>(null);
  return (
    <>
      <LateMenu choices={choicesOf(library, setOpen)}>
        <ActionIcon variant="default" size={36} aria-label={text.documents.actions}>
          <IconSettings size={18} stroke={1.6} />
        </ActionIcon>
      </LateMenu>
      {open && <Dialogs library={library} open={open} onClose={() => setOpen(null)} />}
    </>
  );
}

function choicesOf({ id, role, personal }: Library, open: (dialog: Open) => void): Choice[] {
  const words = text.documents;
  const owner = role === "owner";
  const rename = { name: words.rename, icon: IconPencil, act: () => open("rename") };
  const remove = { name: words.deleteLibrary, icon: IconTrash, act: () => open("delete"), isGrave: true };
  const leave = { name: words.leave, icon: IconDoorExit, act: () => open("leave"), isGrave: true };
  return [
    { name: words.ask, icon: IconMessage2, act: `/chat?library=${id}` },
    ...(owner ? [rename] : [leave]),
    ...(owner && !personal ? [remove] : []),
  ];
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
    const confirm = () => deleteLibrary(library);
    return <ConfirmDialog title={words.deleteLibraryTitle(library.name)} lead={lead} action={words.deleteLibrary} onClose={onClose} onConfirm={confirm} />;
  }
  if (open === "leave") {
    const confirm = () => leaveLibrary(library, person.id);
    return <ConfirmDialog title={words.leaveTitle(library.name)} lead={words.leaveLead} action={words.leave} onClose={onClose} onConfirm={confirm} />;
  }
  return null;
}
