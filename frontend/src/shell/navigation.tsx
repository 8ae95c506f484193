"use client";

import { Badge, NavLink, Stack } from "@mantine/core";
import { IconFiles, IconHeartRateMonitor, IconMessage2 } from "@tabler/icons-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { ConversationList } from "@/chat/conversation-list";
import { useInvitations } from "@/documents/use-invitations";
import { text } from "@/text/en";
import { AccountMenu } from "./account-menu";
import { Logo } from "./logo";
import classes from "./navigation.module.css";
import { usePerson } from "./person";

const PLACES = [
  { href: "/chat", label: text.nav.chat, icon: IconMessage2, operators: false },
  { href: "/documents", label: text.nav.documents, icon: IconFiles, operators: false },
  { href: "/ops", label: text.nav.ops, icon: IconHeartRateMonitor, operators: true },
];

/** `bare`: without the name above, where the name is shown already. */
export default function Navigation({ onNavigate, bare = false }: { onNavigate: () => void; bare?: boolean }) {
  const path = usePathname();
  const { operator } = usePerson();
  return (
    <nav className={classes.navigation} aria-label={text.nav.label}>
      {!bare && (
        <div className={classes.brand}>
          <Logo />
        </div>
      )}
      <Stack gap={2} px="xs">
        {PLACES.filter((place) => operator || !place.operators).map(({ href, label, icon: Icon }) => (
          <NavLink
            key={href}
            component={Link}
            href={href}
            label={label}
            leftSection={<Icon size={19} stroke={1.6} />}
            active={path === href || path.startsWith(`${href}/`)}
            aria-current={path === href ? "page" : undefined}
            rightSection={href === "/documents" ? <Offers /> : undefined}
            onClick={onNavigate}
            className={classes.place}
          />
        ))}
      </Stack>
      <div className={classes.conversations}>
        <ConversationList onNavigate={onNavigate} />
      </div>
      <div className={classes.account}>
        <AccountMenu />
      </div>
    </nav>
  );
}

/** How many libraries are offered and not answered yet. */
function Offers() {
  const { length } = useInvitations();
  if (length === 0) return null;
  return (
    <Badge size="sm" circle aria-label={text.nav.offers(length)}>
      {length}
    </Badge>
  );
}
