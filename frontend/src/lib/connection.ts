import { create } from "zustand";

interface Connection {
  /** Topics that should be heard and are not. */
  silent: ReadonlySet<string>;
  /** A part of the application does not come: it may be that of an earlier version. */
  isOutdated: boolean;
  setHeard: (topic: string, heard: boolean) => void;
}

/** What the banner shows: whether news arrive, and the rest of the application. */
export const useConnection = create<Connection>((set) => ({
  silent: new Set(),
  isOutdated: false,
  setHeard: (topic, heard) =>
    set(({ silent }) => {
      if (silent.has(topic) !== heard) return {};
      const next = new Set(silent);
      if (heard) next.delete(topic);
      else next.add(topic);
      return { silent: next };
    }),
}));
