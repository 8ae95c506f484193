"use client";

import { Button, FileButton, Group } from "@mantine/core";
import { IconChevronDown, IconNotes, IconUpload, IconWorld } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { LateMenu } from "@/shell/late-menu";
import { text } from "@/text/en";
import { AddressDialog, NoteDialog } from "./late";
import classes from "./add-menu.module.css";

/** Files first; pages of the web and notes behind the arrow. */
export function AddMenu({ library, onFiles }: { library: string; onFiles: (files: File[]) => void }) {
  const [open, setOpen] = useState<"address" | "note" | null>(null);
  const close = () => setOpen(null);
  const forget = useRef<() => void>(null);
  const take = (files: File[]) => {
    onFiles(files);
    forget.current?.(); // else the same file cannot be chosen again, after it has changed or failed
  };
  const choices = [
    { name: text.documents.addAddress, icon: IconWorld, act: () => setOpen("address") },
    { name: text.documents.addText, icon: IconNotes, act: () => setOpen("note") },
  ];
  return (
    <Group gap={1} wrap="nowrap">
      <FileButton multiple resetRef={forget} onChange={take}>
        {(props) => (
          <Button {...props} leftSection={<IconUpload size={17} />} className={classes.upload}>
            {text.documents.upload}
          </Button>
        )}
      </FileButton>
      <LateMenu choices={choices}>
        <Button className={classes.more} aria-label={text.documents.add}>
          <IconChevronDown size={17} />
        </Button>
      </LateMenu>
      {open === "address" && <AddressDialog library={library} onClose={close} />}
      {open === "note" && <NoteDialog library={library} onClose={close} />}
    </Group>
  );
}
