"use client";

import { MantineProvider } from "@mantine/core";
import { notificationsStore } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { type ReactNode, useEffect, useState } from "react";
import { patiently } from "@/lib/patiently";
import { queryClient } from "@/lib/queries";
import { resolveVariables, theme } from "./theme";

// What is said before they are there is kept, and shown then; for most visits there is nothing to be said.
const Notifications = dynamic(() => patiently(() => import("@mantine/notifications")).then((module) => module.Notifications), { ssr: false });

export function Providers({ nonce, children }: { nonce: string; children: ReactNode }) {
  const [client] = useState(queryClient);
  const [isTold, setTold] = useState(false);
  useEffect(() => {
    const look = () => notificationsStore.getState().notifications.length > 0 && setTold(true);
    look(); // what is within may have told something before this takes effect
    return notificationsStore.subscribe(look);
  }, []);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={resolveVariables} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={client}>
        {isTold && <Notifications position="bottom-right" limit={4} />}
        {children}
      </QueryClientProvider>
    </MantineProvider>
  );
}
