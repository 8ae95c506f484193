"use client";

import { createContext, type ReactNode, useContext } from "react";

export interface SignedIn {
  id: string;
  email: string;
  /** May look at the operations page. The database decides; this only shows the link. */
  operator: boolean;
}

const PersonContext = createContext<SignedIn | null>(null);

export function PersonProvider({ person, children }: { person: SignedIn; children: ReactNode }) {
  return <PersonContext value={person}>{children}</PersonContext>;
}

/** Who is signed in; for what is inside the application's frame. */
export function usePerson(): SignedIn {
  const person = useContext(PersonContext);
  if (!person) throw new Error("Nobody is signed in here.");
  return person;
}
