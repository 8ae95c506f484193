"use client";

import { useEffect } from "react";
import { Apology } from "@/shell/apology";
import { text } from "@/text/en";

export default function ErrorPage({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  useEffect(() => console.error(error), [error]);
  return <Apology title={text.errors.title} lead={text.errors.lead} onRetry={reset} />;
}
