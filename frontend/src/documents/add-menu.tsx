"use client";

import { Button, FileButton, Group, Menu } from "@mantine/core";
import { IconChevronDown, IconNotes, IconUpload, IconWorld } from "@tabler/icons-react";
import { useState } from "react";
import { text } from "@/text/en";
import { AddressDialog } from "./address-dialog";
import { NoteDialog } from "./note-dialog";
import classes from "./add-menu.module.css";

/** Files first; pages of the web and notes behind the arrow. */
export function AddMenu({ library, onFiles }: { library: string; onFiles: (files: File[]) => void }) {
  const [open, setOpen] = useState<"address" | "note" | null>(null);
  const close = () => setOpen(null);
  return (
    <Group gap={1} wrap="nowrap">
      <FileButton multiple onChange={onFiles}>
        {(props) => (
          <Button {...props} leftSection={<IconUpload size={17} />} className={classes.upload}>
            {text.documents.upload}
          </Button>
        )}
      </FileButton>
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <Button className={classes.more} aria-label={text.documents.add}>
            <IconChevronDown size={17} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconWorld size={16} />} onClick={() => setOpen("address")}>
            {text.documents.addAddress}
          </Menu.Item>
          <Menu.Item leftSection={<IconNotes size={16} />} onClick={() => setOpen("note")}>
            {text.documents.addText}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {open === "address" && <AddressDialog library={library} onClose={close} />}
      {open === "note" && <NoteDialog library={library} onClose={close} />}
    </Group>
  );
}
