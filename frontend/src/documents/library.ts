import type { Enums } from "@/lib/database.types";

export type Role = Enums<"library_role">;

export interface Library {
  id: string;
  name: string;
  personal: boolean;
  role: Role;
  /** How many people have access, the owner included. */
  people: number;
}

/** Whether a role may add and delete documents. */
export function mayEdit(role: Role | undefined): boolean {
  return role === "editor" || role === "owner";
}

/** Which of the libraries is shown: the first that is there of those that are wanted, else the first of all. */
export function chosenOf(libraries: readonly Library[], wanted: readonly (string | null)[]): Library | null {
  return wanted.map((id) => libraries.find((each) => each.id === id)).find(Boolean) ?? libraries[0] ?? null;
}
