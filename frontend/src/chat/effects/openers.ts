import { queryOptions } from "@tanstack/react-query";
import type { Client, Connect } from "@/lib/supabase/client";

const MOST = 3;

/** The newest documents of a library, or of all: what one may ask first. */
export function openersQuery(client: Connect, library: string | null) {
  return queryOptions({ queryKey: ["openers", library], queryFn: async () => newestDocuments(await client(), library) });
}

async function newestDocuments(client: Client, library: string | null): Promise<{ title: string; status: string }[]> {
  const rows = client.from("documents").select("title, status");
  const chosen = library === null ? rows : rows.eq("library_id", library);
  return (await chosen.order("ready_at", { ascending: false, nullsFirst: false }).limit(MOST).throwOnError()).data;
}
