import { QueryClient } from "@tanstack/react-query";

/** Rows are kept fresh by broadcasts; a query is asked again after an interruption, not by the clock. */
function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 30_000, gcTime: 10 * 60_000, retry: 2, refetchOnWindowFocus: false },
    },
  });
}

let client: QueryClient | undefined;

/** The cache of this tab; on the server one per call, since it is one person's. */
export function queryClient(): QueryClient {
  if (typeof window === "undefined") return makeQueryClient();
  return (client ??= makeQueryClient());
}
