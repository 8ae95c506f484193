"use client";

import { AppShell, Burger, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import dynamic from "next/dynamic";
import { type ReactNode, useState } from "react";
import { text } from "@/text/en";
import { ConnectionBanner } from "./connection-banner";
import classes from "./frame.module.css";
import { Logo } from "./logo";
import { Navigation } from "./navigation";
import { SessionGuard } from "./session-guard";

const PhoneMenu = dynamic(() => import("./phone-menu"), { ssr: false });

/** What is around every screen: the way to everything else on the left, or behind a button on a phone. */
export function Frame({ children }: { children: ReactNode }) {
  const [opened, { open, close }] = useDisclosure(false);
  const [wanted, setWanted] = useState(false);
  const openMenu = () => {
    setWanted(true);
    open();
  };
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
          <Burger opened={opened} onClick={openMenu} size="sm" aria-label={text.nav.open} aria-expanded={opened} />
          <Logo />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} visibleFrom="sm">
        <Navigation onNavigate={close} />
      </AppShell.Navbar>
      {wanted && <PhoneMenu opened={opened} onClose={close} />}
      <AppShell.Main className={classes.main} id="content" tabIndex={-1}>
        <ConnectionBanner />
        <div className={classes.screen}>{children}</div>
      </AppShell.Main>
      <SessionGuard />
    </AppShell>
  );
}
