"use client";

import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, type IconPencil } from "@tabler/icons-react";
import { useState } from "react";
import classes from "./conversation-row.module.css";

interface Choice {
  readonly name: string;
  readonly icon: typeof IconPencil;
  readonly isGrave: boolean;
  readonly act: () => void;
}

/** The menu of one row among many: it is made when it is first asked for. */
export function RowMenu({ label, choices }: { label: string; choices: readonly Choice[] }) {
  const [isMade, setIsMade] = useState(false);
  if (!isMade) {
    return (
      <ActionIcon
        variant="subtle"
        color="gray"
        className={classes.more}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={false}
        onClick={() => setIsMade(true)}
      >
        <IconDots size={17} />
      </ActionIcon>
    );
  }
  return (
    <Menu defaultOpened position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" className={classes.more} aria-label={label}>
          <IconDots size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {choices.map(({ name, icon: Icon, isGrave, act }) => (
          <Menu.Item key={name} className={isGrave ? classes.grave : undefined} leftSection={<Icon size={16} />} onClick={act}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
