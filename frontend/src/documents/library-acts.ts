"use client";

import { explainFault } from "@/lib/explain-fault";
import { queryClient } from "@/lib/queries";
import { browserClient } from "@/lib/supabase/browser";
import { text } from "@/text/en";
import { LIBRARIES_KEY } from "./keys";
import type { Library } from "./library";
import { tellFarewell } from "./library-farewell";

/** Each answers what went wrong, in words for a person, or null. */
type Outcome = Promise<string | null>;

/** A new library; its id is chosen here, so that it can be shown at once. */
export async function createLibrary(id: string, name: string): Outcome {
  return settled(await (await browserClient()).from("libraries").insert({ id, name }));
}

export async function renameLibrary(id: string, name: string): Outcome {
  return settled(await (await browserClient()).from("libraries").update({ name }).eq("id", id));
}

export async function deleteLibrary({ id, name }: Library): Outcome {
  const outcome = await (await browserClient()).from("libraries").delete().eq("id", id);
  if (!outcome.error) tellFarewell(id, text.documents.deletedLibrary(name));
  return settled(outcome);
}

export async function leaveLibrary({ id, name }: Library, person: string): Outcome {
  const outcome = await (await browserClient()).from("library_members").delete().eq("library_id", id).eq("user_id", person);
  if (!outcome.error) tellFarewell(id, text.documents.left(name));
  return settled(outcome);
}

async function settled({ error }: { error: { code: string; message: string; hint: string } | null }): Outcome {
  if (error) return explainFault(error);
  await queryClient().invalidateQueries({ queryKey: LIBRARIES_KEY });
  return null;
}
