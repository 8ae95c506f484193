/** Where the cache keeps a library's documents, in any order and with any filter. */
export function documentsKey(library: string) {
  return ["documents", library] as const;
}
