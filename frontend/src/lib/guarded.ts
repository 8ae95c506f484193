/** A browser may refuse to store anything (private mode, no room): then nothing is kept, and everything else goes on. */
export function guarded<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
