/** Where the cache keeps what the documents' screens ask. */

export const LIBRARIES_KEY = ["libraries"] as const;
export const INVITATIONS_KEY = ["invitations"] as const;

/** A library's documents, in any order and with any filter. */
export function documentsKey(library: string) {
  return ["documents", library] as const;
}

export function usageKey(library: string) {
  return ["usage", library] as const;
}
