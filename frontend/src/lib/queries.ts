import { QueryClient } from "@tanstack/react-query";

const onServer = typeof window === "undefined";

/** Rows are kept fresh by broadcasts; a query is asked again after an interruption, not by the clock. */
function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        gcTime: onServer ? Infinity : 10 * 60_000, // a clock would keep a visitor's rows on the server for as long
        retry: onServer ? 0 : 2, // a page does not wait for another try: the browser makes it
        refetchOnWindowFocus: false,
      },
    },
  });
}

let client: QueryClient | undefined;

/** The cache of this tab; on the server one per call, since it is one person's. */
export function queryClient(): QueryClient {
  if (onServer) return makeQueryClient();
  return (client ??= makeQueryClient());
}
