"use client";

import { ActionIcon, type ActionIconProps } from "@mantine/core";
import type { ComponentPropsWithRef } from "react";
import { useHint } from "./use-hint";

type IconButtonProps = ActionIconProps & Omit<ComponentPropsWithRef<"button">, keyof ActionIconProps> & { readonly label: string };

/** A button that shows an icon alone, and its name while one is near. */
export function IconButton({ label, ...props }: IconButtonProps) {
  const [near, hint] = useHint(label);
  return (
    <>
      <ActionIcon variant="subtle" color="gray" aria-label={label} {...near} {...props} />
      {hint}
    </>
  );
}
