"use client";

import { Button, Divider, Stack } from "@mantine/core";
import type { Provider } from "@supabase/supabase-js";
import { browserClient } from "@/lib/supabase/browser";
import { text } from "@/text/en";
import type { SignInWay } from "./providers";

export function ProviderButtons({ ways, next }: { ways: SignInWay[]; next: string }) {
  if (ways.length === 0) return null;
  return (
    <Stack gap="sm">
      <Divider label={text.auth.or} />
      {ways.map(({ id, name }) => (
        <Button key={id} variant="default" fullWidth onClick={() => void leaveFor(id as Provider, next)}>
          {text.auth.with(name)}
        </Button>
      ))}
    </Stack>
  );
}

async function leaveFor(provider: Provider, next: string): Promise<void> {
  const redirectTo = `${location.origin}/auth/callback?next=${encodeURIComponent(next)}`;
  await (await browserClient()).auth.signInWithOAuth({ provider, options: { redirectTo } });
}
