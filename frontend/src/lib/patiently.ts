import { useConnection } from "./connection";

const PAUSE_MS = 2_000;
/** After so many tries with a connection, a part is hardly late: a deployment may have replaced it. */
const TRIES = 3;

/**
 * Load a part of the application, again and again: without a connection it comes when there is one, and breaks nothing.
 * What does not come in spite of a connection is made known.
 */
export async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (let failed = 0; ; ) {
    try {
      return await load();
    } catch {
      if (navigator.onLine) failed += 1;
      if (failed === TRIES) useConnection.setState({ isOutdated: true });
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
