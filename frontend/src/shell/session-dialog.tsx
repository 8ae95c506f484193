"use client";

import { Anchor, Stack, Text } from "@mantine/core";
import { PasswordForm } from "@/auth/password-form";
import { text } from "@/text/en";
import { Dialog } from "./dialog";

/** There is no way around it but signing in: here, or however one does in another tab, while this one keeps what was typed. */
export default function SessionDialog({ email, onDone }: { email: string; onDone: () => void }) {
  return (
    <Dialog onClose={() => undefined} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={text.auth.ended}>
      <Stack>
        <Text size="sm">{text.auth.endedLead}</Text>
        <PasswordForm mode="sign-in" email={email} onDone={onDone} />
        <Anchor size="sm" ta="center" target="_blank" href={`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`}>
          {text.auth.otherWay}
        </Anchor>
      </Stack>
    </Dialog>
  );
}
