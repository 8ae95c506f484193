import type { Metadata } from "next";
import { Suspense } from "react";
import { OpsScreen } from "@/ops/ops-screen";
import { text } from "@/text/en";

export const metadata: Metadata = { title: text.nav.ops };

export default function OpsPage() {
  return (
    <Suspense>
      <OpsScreen />
    </Suspense>
  );
}
