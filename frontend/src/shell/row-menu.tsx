"use client";

import { ActionIcon } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import type { Choice } from "./choices";
import { LateMenu } from "./late-menu";

interface RowMenuProps {
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly className?: string | undefined;
}

/** The menu of one row among many. */
export function RowMenu({ label, choices, className }: RowMenuProps) {
  return (
    <LateMenu choices={choices}>
      <ActionIcon variant="subtle" color="gray" className={className} aria-label={label}>
        <IconDots size={18} />
      </ActionIcon>
    </LateMenu>
  );
}
