"use client";

import { Drawer } from "@mantine/core";
import { text } from "@/text/en";
import { Logo } from "./logo";
import Navigation from "./navigation";
import classes from "./phone-menu.module.css";

/** The navigation on a phone. */
export default function PhoneMenu({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      size={300}
      hiddenFrom="sm"
      padding={0}
      title={<Logo />}
      closeButtonProps={{ "aria-label": text.nav.close }}
      classNames={{ content: classes.content, header: classes.header, body: classes.body }}
    >
      <Navigation onNavigate={onClose} bare />
    </Drawer>
  );
}
