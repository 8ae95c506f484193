"use client";

import { useEffect, useEffectEvent, useState } from "react";
import { type Action, actionOf } from "../model/shortcuts";

const OFF = "rivulet:shortcuts-off";

/** Calls what a key asks for, anywhere on the page; whether that is on, and the switch, which this browser remembers. */
export function useShortcuts(act: (action: Action) => void): [boolean, (isOn: boolean) => void] {
  const [isOn, setIsOn] = useState(true);
  const press = useEffectEvent((event: KeyboardEvent) => {
    const action = actionOf(event);
    if (action === null) return;
    event.preventDefault();
    act(action);
  });
  useEffect(() => {
    // Read after the first rendering, which is the server's as well.
    if (stored() === "1") setIsOn(false);
  }, []);
  useEffect(() => {
    if (!isOn) return;
    const listen = (event: KeyboardEvent) => press(event);
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [isOn]);
  function turn(on: boolean) {
    setIsOn(on);
    try {
      localStorage.setItem(OFF, on ? "0" : "1");
    } catch {
      // Not remembered, then.
    }
  }
  return [isOn, turn];
}

function stored(): string | null {
  try {
    return localStorage.getItem(OFF);
  } catch {
    return null;
  }
}
