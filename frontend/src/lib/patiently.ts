const PAUSE_MS = 2_000;

/** Load a part of the application, again and again: without a connection it comes when there is one, and breaks nothing. */
export async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
