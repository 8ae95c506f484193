import type { QueryClient, QueryKey } from "@tanstack/react-query";

/**
 * Read what may have changed, whatever is being read already.
 *
 * A reading under way may not have seen the change. The cache begins one anew, but not the first, on which it relies.
 */
export async function readAgain(cache: QueryClient, queryKey: QueryKey): Promise<void> {
  const first = cache.getQueryCache().findAll({ queryKey, predicate: ({ state }) => state.data === undefined });
  await Promise.allSettled(first.map(({ promise }) => promise));
  await cache.invalidateQueries({ queryKey });
}
