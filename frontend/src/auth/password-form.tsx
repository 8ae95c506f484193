"use client";

import { Alert, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { browserClient } from "@/lib/supabase/browser";
import { text } from "@/text/en";
import { explainRefusal } from "./refusal";

export const SHORTEST_PASSWORD = 8;

interface Props {
  mode: "sign-in" | "sign-up";
  /** Given: only this person may sign in here. */
  email?: string;
  /** What was typed in another form already. */
  typed?: string;
  onType?: (email: string) => void;
  /** Called when there is a session. */
  onDone: () => void;
  /** Called when the e-mail address has to be confirmed first. */
  onConfirm?: (email: string) => void;
}

export function PasswordForm({ mode, email: fixed, typed = "", onType, onDone, onConfirm }: Props) {
  const [email, setEmail] = useState(fixed ?? typed);
  const [password, setPassword] = useState("");
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const fault = faultOf(mode, email, password);
    setRefusal(fault);
    if (fault) return;
    setBusy(true);
    const outcome = await enter(mode, email, password).catch((fault: Error) => ({ refusal: explainRefusal(fault) }));
    setBusy(outcome === "entered");
    if (outcome === "entered") onDone();
    else if (outcome === "confirm") onConfirm?.(email);
    else setRefusal(outcome.refusal);
  }

  const fresh = mode === "sign-up";
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
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
          readOnly={fixed !== undefined}
          value={email}
          onChange={(event) => {
            setEmail(event.currentTarget.value);
            onType?.(event.currentTarget.value);
          }}
        />
        <PasswordInput
          label={text.auth.password}
          description={fresh ? text.auth.passwordHint : undefined}
          name="password"
          autoComplete={fresh ? "new-password" : "current-password"}
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" loading={busy} fullWidth>
          {fresh ? text.auth.signUp : text.auth.signIn}
        </Button>
      </Stack>
    </form>
  );
}

function faultOf(mode: Props["mode"], email: string, password: string): string | null {
  if (!/^\S+@\S+\.\S+$/.test(email.trim())) return text.auth.emailWrong;
  return mode === "sign-up" && password.length < SHORTEST_PASSWORD ? text.auth.passwordShort : null;
}

async function enter(mode: Props["mode"], email: string, password: string): Promise<"entered" | "confirm" | { refusal: string }> {
  const { auth } = await browserClient();
  const credentials = { email: email.trim(), password };
  if (mode === "sign-in") {
    const { error } = await auth.signInWithPassword(credentials);
    return error ? { refusal: explainRefusal(error) } : "entered";
  }
  const options = { emailRedirectTo: `${location.origin}/auth/callback` };
  const { data, error } = await auth.signUp({ ...credentials, options });
  if (error) return { refusal: explainRefusal(error) };
  return data.session ? "entered" : "confirm";
}
