"use client";

import { Tooltip } from "@mantine/core";

interface HintProps {
  readonly target: HTMLElement;
  readonly label: string;
}

export default function Hint({ target, label }: HintProps) {
  return <Tooltip opened target={target} label={label} withArrow multiline maw={320} transitionProps={{ enterDelay: 350 }} />;
}
