/** Rows of documents, and as much of the client as a deletion needs. */
export class FakeDocuments {
  readonly versions = new Map<string, number>();
  reachable = true;
  /** By which requests are made that name one. */
  fetch: typeof fetch | undefined;

  from(_: "documents", options?: { fetch: typeof fetch }) {
    this.fetch = options?.fetch ?? this.fetch;
    return {
      delete: () => ({ eq: (_: "id", id: string) => ({ eq: (_: "version", version: number) => Promise.resolve(this.remove(id, version)) }) }),
      select: () => ({ eq: (_: "id", id: string) => ({ maybeSingle: () => Promise.resolve({ data: this.row(id) }) }) }),
    };
  }

  private remove(id: string, version: number) {
    if (this.reachable && this.versions.get(id) === version) this.versions.delete(id);
    return { error: this.reachable ? null : { message: "TypeError: Failed to fetch" } };
  }

  private row(id: string) {
    const version = this.versions.get(id);
    return this.reachable && version !== undefined ? { version } : null;
  }
}
