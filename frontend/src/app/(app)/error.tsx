"use client";

import { useEffect } from "react";
import { UNTOLD } from "@/lib/supabase/untold";
import { Apology } from "@/shell/apology";
import { text } from "@/text/en";

/** `retry` asks the server again, where the page may have failed. */
export default function ErrorPage({ error, retry }: { error: Error & { digest?: string }; retry: () => void }) {
  useEffect(() => console.error(error), [error]);
  return <Apology title={text.errors.title} lead={error.digest === UNTOLD ? text.errors.network : text.errors.lead} onRetry={retry} />;
}
