import { text } from "@/text/en";
import type { Role } from "./library";

export type SharedRole = Exclude<Role, "owner">;

/** What others can be given, for a select. */
export const ROLES: { value: SharedRole; label: string }[] = [
  { value: "viewer", label: text.documents.roles.viewer },
  { value: "editor", label: text.documents.roles.editor },
];
