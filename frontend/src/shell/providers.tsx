"use client";

import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { type ReactNode, useState } from "react";
import { patiently } from "@/lib/patiently";
import { queryClient } from "@/lib/queries";
import { resolveVariables, theme } from "./theme";

// What is said before they are there is kept, and shown then.
const Notifications = dynamic(() => patiently(() => import("@mantine/notifications")).then((module) => module.Notifications), { ssr: false });

export function Providers({ nonce, children }: { nonce: string; children: ReactNode }) {
  const [client] = useState(queryClient);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={resolveVariables} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={client}>
        <Notifications position="bottom-right" limit={4} />
        {children}
      </QueryClientProvider>
    </MantineProvider>
  );
}
