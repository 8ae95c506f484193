"use client";

import { Menu } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import Link from "next/link";
import { cloneElement, type ComponentType, useEffect, useRef, useState } from "react";
import classes from "./choices.module.css";
import type { Opener } from "./late-menu";

export interface Choice {
  readonly name: string;
  readonly icon?: ComponentType<{ size?: number }>;
  /** What it does, or where it leads. */
  readonly act: (() => void) | string;
  /** It cannot simply be done the other way round. */
  readonly isGrave?: boolean;
  /** Given where one of several holds. */
  readonly isChosen?: boolean;
}

/** An open menu under its button, to which the keyboard returns. */
export default function Choices({ choices, children }: { choices: readonly Choice[]; children: Opener }) {
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    button.current?.focus({ preventScroll: true });
    queueMicrotask(() => setIsOpen(true)); // from the focus, which comes back
  }, []);
  // At once, and not by the menu a moment later: what a choice opens may have the focus by then.
  const change = (opens: boolean) => {
    setIsOpen(opens);
    if (!opens) button.current?.focus({ preventScroll: true });
  };
  return (
    <Menu opened={isOpen} onChange={change} returnFocus={false} position="bottom-end">
      <Menu.Target>{cloneElement(children, { ref: button })}</Menu.Target>
      <Menu.Dropdown>
        {choices.map((choice) => (
          <Item key={choice.name} choice={choice} />
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Item({ choice: { name, icon: Icon, act, isGrave, isChosen } }: { choice: Choice }) {
  const look = {
    className: isGrave ? classes.grave : undefined,
    leftSection: Icon && <Icon size={16} />,
    rightSection: isChosen && <IconCheck size={14} />,
    ...(isChosen === undefined ? {} : { role: "menuitemradio", "aria-checked": isChosen }),
  };
  if (typeof act === "string") {
    return (
      <Menu.Item {...look} component={Link} href={act}>
        {name}
      </Menu.Item>
    );
  }
  return (
    <Menu.Item {...look} onClick={act}>
      {name}
    </Menu.Item>
  );
}
