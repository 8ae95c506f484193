import { notFound, redirect } from "next/navigation";
import { isUuid } from "@/lib/uuid";
import { serverClient } from "@/lib/supabase/server";

interface Props {
  params: Promise<{ document: string }>;
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

/** A link to one document: shown in its library, at a page if one is named. */
export default async function DocumentPage({ params, searchParams }: Props) {
  const { document: id } = await params;
  const { page } = await searchParams;
  if (!isUuid(id)) notFound();
  const { data } = await (await serverClient()).from("documents").select("library_id").eq("id", id).maybeSingle().throwOnError();
  if (!data) notFound();
  const place = new URLSearchParams({ library: data.library_id, document: id });
  if (typeof page === "string" && /^\d{1,6}$/.test(page)) place.set("page", page);
  redirect(`/documents?${place.toString()}`);
}
