"use client";

import dynamic from "next/dynamic";
import { type FocusEvent, type PointerEvent, type ReactNode, useState } from "react";
import { patiently } from "@/lib/patiently";

const Hint = dynamic(() => patiently(() => import("./hint")), { ssr: false });

/**
 * Says more of an element while one points at it, or has come to it by keyboard: what the element takes, and what is to be
 * rendered beside it. The tooltip is made only then: a page has hundreds of them, and shows one.
 */
export function useHint(label: string) {
  const [target, setTarget] = useState<HTMLElement | null>(null);
  const leave = () => setTarget(null);
  const near = {
    onPointerEnter: ({ pointerType, currentTarget }: PointerEvent<HTMLElement>) => pointerType === "mouse" && setTarget(currentTarget),
    onPointerLeave: leave,
    onFocus: ({ currentTarget }: FocusEvent<HTMLElement>) => currentTarget.matches(":focus-visible") && setTarget(currentTarget),
    onBlur: leave,
  };
  const hint: ReactNode = target && <Hint target={target} label={label} />;
  return [near, hint] as const;
}
