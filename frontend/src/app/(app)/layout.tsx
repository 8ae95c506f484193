import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { redirect } from "next/navigation";
import type { ReactNode } from "react";
import { invitationsQuery } from "@/documents/queries";
import { queryClient } from "@/lib/queries";
import { currentPerson, serverClient } from "@/lib/supabase/server";
import { Frame } from "@/shell/frame";
import { PersonProvider } from "@/shell/person";

export default async function AppLayout({ children }: { children: ReactNode }) {
  const person = await currentPerson();
  if (!person) redirect("/sign-in");
  const client = await serverClient();
  const cache = queryClient();
  const [{ data: operator }] = await Promise.all([client.rpc("is_operator"), cache.prefetchQuery(invitationsQuery(serverClient))]);
  return (
    <PersonProvider person={{ ...person, operator }}>
      {/* What the frame and a screen both show is known before either: a cache takes in at once only what nobody asked for yet. */}
      <HydrationBoundary state={dehydrate(cache)}>
        <Frame>{children}</Frame>
      </HydrationBoundary>
    </PersonProvider>
  );
}
