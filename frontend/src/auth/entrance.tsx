"use client";

import { Alert, Anchor, Group, Stack, Text, Title } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { text } from "@/text/en";
import classes from "./entrance.module.css";
import { LinkForm, type LinkPurpose } from "./link-form";
import { PasswordForm } from "./password-form";
import { ProviderButtons } from "./provider-buttons";
import type { SignInWay } from "./providers";

type View = "sign-in" | "sign-up" | LinkView;
type LinkView = `link-${LinkPurpose}`;

const TITLES: Record<View, string> = {
  "sign-in": text.auth.welcome,
  "sign-up": text.auth.begin,
  "link-sign-in": text.auth.magic,
  "link-recovery": text.auth.newPassword,
};

interface Props {
  ways: SignInWay[];
  next: string;
  /** What went wrong on the way here. */
  trouble: string | null;
}

/** All ways in, one at a time. */
export function Entrance({ ways, next, trouble }: Props) {
  const [view, setView] = useState<View>("sign-in");
  const [told, setTold] = useState<string | null>(null);
  const [email, setEmail] = useState(""); // typed once for all ways
  const title = useFocusWhenOther(view);
  const show = (another: View) => () => {
    setTold(null);
    setView(another);
  };
  if (told) return <Told message={told} onBack={show("sign-in")} />;
  return (
    <Stack gap="lg">
      <Title ref={title} order={1} size="h2" tabIndex={-1} className={classes.title}>
        {TITLES[view]}
      </Title>
      {trouble && view === "sign-in" && <Alert color="yellow">{trouble}</Alert>}
      {view === "sign-in" || view === "sign-up" ? (
        <>
          {/* A whole new page: the server sees the new cookies, and nothing of before stays. */}
          <PasswordForm key={view} mode={view} typed={email} onType={setEmail} onDone={() => location.assign(next)} onConfirm={(email) => setTold(text.auth.confirmSent(email))} />
          <ProviderButtons ways={ways} next={next} />
          <OtherWays view={view} show={show} />
        </>
      ) : (
        <>
          <LinkForm key={view} purpose={view === "link-recovery" ? "recovery" : "sign-in"} next={next} email={email} onType={setEmail} onSent={(email) => setTold(text.auth.linkSent(email))} />
          <Way label={text.auth.back} onClick={show("sign-in")} />
        </>
      )}
    </Stack>
  );
}

/** What was pressed to come here is gone: the keyboard goes on at the title, which is read out. */
function useFocusWhenOther(view: View) {
  const title = useRef<HTMLHeadingElement>(null);
  const shown = useRef(view);
  useEffect(() => {
    if (shown.current !== view) title.current?.focus();
    shown.current = view;
  }, [view]);
  return title;
}

function OtherWays({ view, show }: { view: "sign-in" | "sign-up"; show: (view: View) => () => void }) {
  if (view === "sign-up") {
    return (
      <Group gap={6} justify="center">
        <Text size="sm">{text.auth.toSignIn}</Text>
        <Way label={text.auth.signIn} onClick={show("sign-in")} />
      </Group>
    );
  }
  return (
    <Stack gap="sm" align="center">
      <Group gap="lg" justify="center">
        <Way label={text.auth.forgot} onClick={show("link-recovery")} />
        <Way label={text.auth.magic} onClick={show("link-sign-in")} />
      </Group>
      <Group gap={6}>
        <Text size="sm">{text.auth.toSignUp}</Text>
        <Way label={text.auth.signUp} onClick={show("sign-up")} />
      </Group>
    </Stack>
  );
}

function Way({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Anchor component="button" type="button" size="sm" onClick={onClick}>
      {label}
    </Anchor>
  );
}

function Told({ message, onBack }: { message: string; onBack: () => void }) {
  return (
    <Stack gap="lg">
      <Text role="status">{message}</Text>
      <Way label={text.auth.back} onClick={onBack} />
    </Stack>
  );
}
