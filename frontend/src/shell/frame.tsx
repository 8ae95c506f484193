"use client";

import { AppShell, Burger, Drawer, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";
import { text } from "@/text/en";
import { ConnectionBanner } from "./connection-banner";
import classes from "./frame.module.css";
import { Logo } from "./logo";
import { Navigation } from "./navigation";
import { SessionGuard } from "./session-guard";

/** What is around every screen: the way to everything else on the left, or behind a button on a phone. */
export function Frame({ children }: { children: ReactNode }) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <AppShell
      layout="alt"
      header={{ height: { base: 52, sm: 0 } }}
      navbar={{ width: 276, breakpoint: "sm", collapsed: { mobile: true } }}
      transitionDuration={0}
    >
      <a href="#content" className={classes.skip}>
        {text.app.skip}
      </a>
      <AppShell.Header hiddenFrom="sm" className={classes.header}>
        <Group h="100%" px="sm" gap="sm">
          <Burger opened={opened} onClick={open} size="sm" aria-label={text.nav.open} aria-expanded={opened} />
          <Logo />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} visibleFrom="sm">
        <Navigation onNavigate={close} />
      </AppShell.Navbar>
      <Drawer
        opened={opened}
        onClose={close}
        size={300}
        hiddenFrom="sm"
        padding={0}
        title={<Logo />}
        closeButtonProps={{ "aria-label": text.nav.close }}
        classNames={{ content: classes.drawer, header: classes.drawerHeader, body: classes.drawerBody }}
      >
        <Navigation onNavigate={close} bare />
      </Drawer>
      <AppShell.Main className={classes.main} id="content" tabIndex={-1}>
        <ConnectionBanner />
        <div className={classes.screen}>{children}</div>
      </AppShell.Main>
      <SessionGuard />
    </AppShell>
  );
}
