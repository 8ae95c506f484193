"use client";

import { Modal, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { leaving } from "@/auth/leave";
import { PasswordForm } from "@/auth/password-form";
import { browserClient } from "@/lib/supabase/browser";
import { text } from "@/text/en";
import { usePerson } from "./person";

/** A session that ends while one writes takes nothing away: one signs in over the page, and goes on. */
export function SessionGuard() {
  const person = usePerson();
  const [ended, setEnded] = useState(false);
  useEffect(() => {
    const { data } = browserClient().auth.onAuthStateChange((event, session) => {
      if (event === "SIGNED_OUT") setEnded(!leaving.now);
      else if (session && session.user.id !== person.id) location.reload(); // somebody else has signed in, in another tab
      else if (session) setEnded(false);
    });
    return () => data.subscription.unsubscribe();
  }, [person.id]);
  return (
    <Modal opened={ended} onClose={() => undefined} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={text.auth.ended}>
      <Stack>
        <Text size="sm">{text.auth.endedLead}</Text>
        <PasswordForm mode="sign-in" email={person.email} onDone={() => setEnded(false)} />
      </Stack>
    </Modal>
  );
}
