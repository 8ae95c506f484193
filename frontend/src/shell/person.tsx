"use client";

import { useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext } from "react";
import { browserClient } from "@/lib/supabase/browser";

export interface SignedIn {
  id: string;
  email: string;
  /** May look at the operations page; null: not known yet. The database decides; this only shows the link. */
  operator: boolean | null;
}

const PersonContext = createContext<SignedIn | null>(null);

export function PersonProvider({ person, children }: { person: SignedIn; children: ReactNode }) {
  const { data: operator = person.operator } = useQuery({
    queryKey: ["operator", person.id],
    queryFn: async () => (await (await browserClient()).rpc("is_operator").throwOnError()).data,
    enabled: person.operator === null, // the server could not tell in time
    retry: true,
  });
  return <PersonContext value={{ ...person, operator }}>{children}</PersonContext>;
}

/** Who is signed in; for what is inside the application's frame. */
export function usePerson(): SignedIn {
  const person = useContext(PersonContext);
  if (!person) throw new Error("Nobody is signed in here.");
  return person;
}
