"use client";

import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { followsAfterScroll, type View } from "../model/follow";

interface Follow {
  readonly view: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  /** Whether the end is out of sight, and the reader does not follow it. */
  readonly isAway: boolean;
  readonly toEnd: () => void;
}

/** Keeps a scrolled view at its end while the content grows, for as long as the reader stays there. */
export function useFollow(): Follow {
  const view = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const [isAway, setIsAway] = useState(false);

  const toEnd = useCallback(() => {
    follows.current = true;
    setIsAway(false);
    // At once: a smooth way falls behind text that grows.
    if (view.current) view.current.scrollTop = view.current.scrollHeight;
  }, []);

  useEffect(() => {
    const element = view.current;
    if (element === null || content.current === null) return;
    let before = viewOf(element);
    function scrolled() {
      if (element === null) return;
      const now = viewOf(element);
      follows.current = followsAfterScroll(follows.current, before, now);
      before = now;
      setIsAway(!follows.current);
    }
    const observer = new ResizeObserver(() => {
      if (follows.current) element.scrollTop = element.scrollHeight;
      before = viewOf(element);
    });
    observer.observe(content.current);
    observer.observe(element); // a phone's keyboard takes room
    element.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", scrolled);
    };
  }, []);

  return { view, content, isAway, toEnd };
}

function viewOf(element: HTMLElement): View {
  return { top: element.scrollTop, height: element.clientHeight, content: element.scrollHeight };
}
