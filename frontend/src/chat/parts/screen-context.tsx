"use client";

import { createContext, type ReactNode, useContext, useState } from "react";
import { useStore } from "zustand";
import { createStore, type StoreApi } from "zustand/vanilla";
import type { LiveThread } from "../effects/live-thread";
import type { Thread } from "../model/thread";

/** The citation whose passage is open beside the answer, and what it was opened from. */
export interface Opened {
  readonly messageId: string;
  readonly marker: number;
  readonly opener: HTMLElement | null;
}

interface Screen {
  readonly live: LiveThread;
  readonly opened: StoreApi<{ readonly passage: Opened | null }>;
}

const ScreenContext = createContext<Screen | null>(null);

export function ScreenProvider({ live, children }: { live: LiveThread; children: ReactNode }) {
  const [opened] = useState(() => createStore<{ readonly passage: Opened | null }>(() => ({ passage: null })));
  const [screen] = useState<Screen>(() => ({ live, opened }));
  return <ScreenContext value={screen}>{children}</ScreenContext>;
}

function useScreen(): Screen {
  const screen = useContext(ScreenContext);
  if (screen === null) throw new Error("This is not inside of a chat.");
  return screen;
}

export function useLive(): LiveThread {
  return useScreen().live;
}

/** Something of the conversation; what is selected must be the same object while it has not changed. */
export function useThread<T>(select: (thread: Thread) => T): T {
  return useStore(useScreen().live.store, select);
}

export function useOpened<T>(select: (passage: Opened | null) => T): T {
  return useStore(useScreen().opened, ({ passage }) => select(passage));
}

export function useOpenPassage(): (passage: Opened | null) => void {
  const { opened } = useScreen();
  return (passage) => opened.setState({ passage });
}
