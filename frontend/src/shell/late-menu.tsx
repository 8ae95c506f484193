"use client";

import { type ButtonHTMLAttributes, cloneElement, lazy, type ReactElement, type Ref, Suspense, useState } from "react";
import { patiently } from "@/lib/patiently";
import type { Choice } from "./choices";
import classes from "./late-menu.module.css";

// Half of what the first screen needs otherwise, and seen by those who ask.
const load = () => patiently(() => import("./choices"));
const Choices = lazy(load);

export type Opener = ReactElement<ButtonHTMLAttributes<HTMLButtonElement> & { ref?: Ref<HTMLButtonElement> }>;

/** A button, and the menu that it opens: that is made when it is first asked for. */
export function LateMenu({ choices, children }: { choices: readonly Choice[]; children: Opener }) {
  const [isAsked, setIsAsked] = useState(false);
  const button = cloneElement(children, { "aria-haspopup": "menu", "aria-expanded": false, onClick: () => setIsAsked(true) });
  return (
    <span className={classes.place} onPointerEnter={expect} onFocus={expect}>
      {isAsked ? (
        <Suspense fallback={button}>
          <Choices choices={choices}>{children}</Choices>
        </Suspense>
      ) : (
        button
      )}
    </span>
  );
}

function expect(): void {
  void load();
}
