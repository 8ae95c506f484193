import { QueryClient } from "@tanstack/react-query";

const onServer = typeof window === "undefined";

/** Rows are kept fresh by broadcasts; a query is asked again after an interruption, not by the clock. */
function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // A page does not wait for another try: the browser makes it.
      queries: { staleTime: 30_000, gcTime: 10 * 60_000, retry: onServer ? 0 : 2, refetchOnWindowFocus: false },
    },
  });
}

let client: QueryClient | undefined;

/** The cache of this tab; on the server one per call, since it is one person's. */
export function queryClient(): QueryClient {
  if (onServer) return makeQueryClient();
  return (client ??= makeQueryClient());
}
