"use client";

import { useQuery } from "@tanstack/react-query";
import { browserClient } from "@/lib/supabase/browser";

export function usageKey(library: string) {
  return ["usage", library] as const;
}

/** How much a library holds, and may hold; a limit that is null is none. */
export function useUsage(library: string) {
  return useQuery({
    queryKey: usageKey(library),
    queryFn: async () => {
      const { data } = await browserClient().rpc("library_usage", { p_library: library }).throwOnError();
      return data[0] ?? null;
    },
  });
}
