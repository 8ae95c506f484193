import { HydrationBoundary } from "@tanstack/react-query";
import type { Metadata } from "next";
import { cookies } from "next/headers";
import { DocumentsScreen } from "@/documents/documents-screen";
import { firstDocuments } from "@/documents/first-look";
import { REMEMBERED } from "@/documents/remembered-library";
import { text } from "@/text/en";

export const metadata: Metadata = { title: text.nav.documents };

export default async function DocumentsPage({ searchParams }: PageProps<"/documents">) {
  const { library } = await searchParams;
  const remembered = (await cookies()).get(REMEMBERED)?.value ?? null;
  const asked = typeof library === "string" ? library : null;
  return (
    <HydrationBoundary state={await firstDocuments([asked, remembered])}>
      <DocumentsScreen remembered={remembered} />
    </HydrationBoundary>
  );
}
