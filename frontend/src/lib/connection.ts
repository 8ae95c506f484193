import { create } from "zustand";

interface Connection {
  /** Topics that should be heard and are not. */
  silent: ReadonlySet<string>;
  setHeard: (topic: string, heard: boolean) => void;
}

/** What the banner shows: whether news arrive. */
export const useConnection = create<Connection>((set) => ({
  silent: new Set(),
  setHeard: (topic, heard) =>
    set(({ silent }) => {
      if (silent.has(topic) !== heard) return {};
      const next = new Set(silent);
      if (heard) next.delete(topic);
      else next.add(topic);
      return { silent: next };
    }),
}));
