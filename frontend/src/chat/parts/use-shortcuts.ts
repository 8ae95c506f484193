"use client";

import { useEffect, useEffectEvent, useSyncExternalStore } from "react";
import { type Action, actionOf } from "../model/shortcuts";

const OFF = "rivulet:shortcuts-off";
const CHANGED = "rivulet:shortcuts";

/**
 * Does what a key asks for, anywhere on the page; whether that is on, and the switch, which this browser remembers. `act` tells
 * whether it did something: else the key is the browser's.
 */
export function useShortcuts(act: (action: Action) => boolean): [boolean, (isOn: boolean) => void] {
  const isOn = useSyncExternalStore(subscribe, areOn, () => true);
  const press = useEffectEvent((event: KeyboardEvent) => {
    const action = actionOf(event);
    if (action !== null && act(action)) event.preventDefault();
  });
  useEffect(() => {
    if (!isOn) return;
    const listen = (event: KeyboardEvent) => press(event);
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [isOn]);
  return [isOn, turn];
}

function subscribe(tell: () => void): () => void {
  window.addEventListener(CHANGED, tell);
  window.addEventListener("storage", tell); // another tab
  return () => {
    window.removeEventListener(CHANGED, tell);
    window.removeEventListener("storage", tell);
  };
}

function areOn(): boolean {
  try {
    return localStorage.getItem(OFF) !== "1";
  } catch {
    return true;
  }
}

function turn(on: boolean): void {
  try {
    localStorage.setItem(OFF, on ? "0" : "1");
  } catch {
    // A browser that stores nothing leaves them on.
  }
  window.dispatchEvent(new Event(CHANGED));
}
