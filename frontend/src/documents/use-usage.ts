"use client";

import { useQuery } from "@tanstack/react-query";
import { browserClient } from "@/lib/supabase/browser";
import { usageQuery } from "./queries";

export function useUsage(library: string) {
  return useQuery(usageQuery(browserClient, library));
}
