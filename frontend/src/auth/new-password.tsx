"use client";

import { Alert, Button, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { browserClient } from "@/lib/supabase/browser";
import { text } from "@/text/en";
import { SHORTEST_PASSWORD } from "./password-form";
import { explainRefusal } from "./refusal";

/** For whoever is signed in: by a link from an e-mail after forgetting the old one, or as usual. */
export function NewPassword() {
  const router = useRouter();
  const [password, setPassword] = useState("");
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (password.length < SHORTEST_PASSWORD) return setRefusal(text.auth.passwordShort);
    setBusy(true);
    const { error } = await (await browserClient()).auth.updateUser({ password });
    setBusy(false);
    if (error) return setRefusal(explainRefusal(error));
    notifications.show({ message: text.auth.passwordSaved });
    router.push("/chat");
  }

  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack gap="md">
        <Title order={1} size="h2">
          {text.auth.newPassword}
        </Title>
        <Text size="sm" c="dimmed">
          {text.auth.newPasswordLead}
        </Text>
        {refusal && (
          <Alert color="red" role="alert">
            {refusal}
          </Alert>
        )}
        <PasswordInput
          label={text.auth.password}
          description={text.auth.passwordHint}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" loading={busy}>
          {text.auth.savePassword}
        </Button>
      </Stack>
    </form>
  );
}
