"use client";

import { Burger } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import dynamic from "next/dynamic";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { resumeDeletions } from "@/documents/delete-document";
import { patiently } from "@/lib/patiently";
import { useHydrated } from "@/lib/use-hydrated";
import { PHONE, useMedia } from "@/lib/use-media";
import { text } from "@/text/en";
import { ConnectionBanner } from "./connection-banner";
import classes from "./frame.module.css";
import { Logo } from "./logo";
import { usePerson } from "./person";
import { SessionGuard } from "./session-guard";

// By itself: a phone is served it as well, and need not bring it to life. Not by `dynamic`, which has it loaded even there.
const Navigation = lazy(() => patiently(() => import("./navigation")));
const PhoneMenu = dynamic(() => patiently(() => import("./phone-menu")), { ssr: false });

/** What is around every screen: the way to everything else on the left, or behind a button on a phone. */
export function Frame({ children }: { children: ReactNode }) {
  const isAlive = useHydrated();
  const isPhone = useMedia(PHONE);
  const [opened, { open, close }] = useDisclosure(false);
  const [wanted, setWanted] = useState(false);
  const { id: person } = usePerson();
  useEffect(() => resumeDeletions(person), [person]);
  const openMenu = () => {
    setWanted(true);
    open();
  };
  return (
    <div className={classes.frame}>
      <a href="#content" className={classes.skip}>
        {text.app.skip}
      </a>
      <header className={classes.header}>
        <Burger opened={opened} onClick={openMenu} size="sm" aria-label={text.nav.open} aria-expanded={opened} />
        <Logo />
      </header>
      {!isPhone && (
        <div className={classes.side}>
          <Suspense>
            <Navigation onNavigate={close} />
          </Suspense>
        </div>
      )}
      {wanted && <PhoneMenu opened={opened} onClose={close} />}
      <main className={classes.main} id="content" tabIndex={-1} aria-busy={!isAlive || undefined}>
        <ConnectionBanner />
        <div className={classes.screen}>{children}</div>
      </main>
      <SessionGuard />
    </div>
  );
}
