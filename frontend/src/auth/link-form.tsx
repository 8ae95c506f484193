"use client";

import { Alert, Button, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { browserClient } from "@/lib/supabase/browser";
import { text } from "@/text/en";
import { explainRefusal } from "./refusal";

export type LinkPurpose = "sign-in" | "recovery";

interface Props {
  purpose: LinkPurpose;
  next: string;
  email: string;
  onType: (email: string) => void;
  onSent: (email: string) => void;
}

/** Asks for a link by e-mail, to sign in or to set a new password. Never tells whether there is an account. */
export function LinkForm({ purpose, next, email, onType, onSent }: Props) {
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    const error = await send(purpose, email.trim(), next).catch((fault: Error) => fault);
    setBusy(false);
    if (error) setRefusal(explainRefusal(error));
    else onSent(email.trim());
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        {refusal && (
          <Alert color="red" variant="light" role="alert">
            {refusal}
          </Alert>
        )}
        <TextInput
          label={text.auth.email}
          type="email"
          name="email"
          autoComplete="username"
          required
          withAsterisk={false}
          value={email}
          onChange={(event) => onType(event.currentTarget.value)}
        />
        <Button type="submit" loading={busy} fullWidth>
          {purpose === "recovery" ? text.auth.newPassword : text.auth.magic}
        </Button>
      </Stack>
    </form>
  );
}

async function send(purpose: LinkPurpose, email: string, next: string) {
  const { auth } = await browserClient();
  const back = (path: string) => `${location.origin}/auth/callback?next=${encodeURIComponent(path)}`;
  if (purpose === "recovery") return (await auth.resetPasswordForEmail(email, { redirectTo: back("/auth/new-password") })).error;
  // Signing in must not make accounts by a slip of the pen.
  const options = { emailRedirectTo: back(next), shouldCreateUser: false };
  const { error } = await auth.signInWithOtp({ email, options });
  return error?.code === "otp_disabled" || error?.code === "user_not_found" ? null : error;
}
