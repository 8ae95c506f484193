import type { Metadata } from "next";
import { Suspense } from "react";
import { DocumentsScreen } from "@/documents/documents-screen";
import { text } from "@/text/en";

export const metadata: Metadata = { title: text.nav.documents };

export default function DocumentsPage() {
  return (
    <Suspense>
      <DocumentsScreen />
    </Suspense>
  );
}
