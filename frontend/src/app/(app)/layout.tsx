import { redirect } from "next/navigation";
import type { ReactNode } from "react";
import { currentPerson, serverClient } from "@/lib/supabase/server";
import { Frame } from "@/shell/frame";
import { PersonProvider } from "@/shell/person";

export default async function AppLayout({ children }: { children: ReactNode }) {
  const person = await currentPerson();
  if (!person) redirect("/sign-in");
  const { data: operator } = await (await serverClient()).rpc("is_operator");
  return (
    <PersonProvider person={{ ...person, operator: operator ?? false }}>
      <Frame>{children}</Frame>
    </PersonProvider>
  );
}
