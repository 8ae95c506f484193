"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Enums } from "@/lib/database.types";
import { browserClient } from "@/lib/supabase/browser";
import { useSubscription } from "@/lib/subscribe";
import { usePerson } from "@/shell/person";

export type Role = Enums<"library_role">;

export interface Library {
  id: string;
  name: string;
  personal: boolean;
  role: Role;
  /** How many people have access, the owner included. */
  people: number;
}

export const LIBRARIES_KEY = ["libraries"] as const;

/** The libraries that the person may use, the personal one first, then by name; live. */
export function useLibraries() {
  const { id } = usePerson();
  const cache = useQueryClient();
  const refresh = () => void cache.invalidateQueries({ queryKey: LIBRARIES_KEY });
  useSubscription(`person:${id}`, {
    hear: ({ payload }) => {
      if (payload.table === "libraries" || payload.table === "library_members") refresh();
    },
    catchUp: refresh,
  });
  return useQuery({ queryKey: LIBRARIES_KEY, queryFn: () => readLibraries(id) });
}

async function readLibraries(person: string): Promise<Library[]> {
  const { data } = await browserClient()
    .from("libraries")
    .select("id, name, personal, library_members(user_id, role)")
    .order("name")
    .throwOnError();
  return data
    .map(({ library_members: members, ...library }) => ({
      ...library,
      role: members.find((member) => member.user_id === person)?.role ?? "viewer",
      people: members.length,
    }))
    .sort((a, b) => Number(b.personal) - Number(a.personal));
}

/** Whether a role may add and delete documents. */
export function mayEdit(role: Role | undefined): boolean {
  return role === "editor" || role === "owner";
}
