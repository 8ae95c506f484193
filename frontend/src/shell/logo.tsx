import { Group, Text } from "@mantine/core";
import { text } from "@/text/en";

export function LogoMark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
      <rect width="32" height="32" rx="8" fill="var(--mantine-color-river-8)" />
      <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round">
        <path d="M6 11.5c3.3-3.2 6.7-3.2 10 0s6.7 3.2 10 0" />
        <path d="M6 17.5c3.3-3.2 6.7-3.2 10 0s6.7 3.2 10 0" opacity=".75" />
        <path d="M11 23.5c1.7-1.6 3.3-1.6 5 0s3.3 1.6 5 0" opacity=".5" />
      </g>
    </svg>
  );
}

export function Logo() {
  return (
    <Group gap={10} wrap="nowrap">
      <LogoMark />
      <Text fw={650} size="lg" lts="-0.01em">
        {text.app.name}
      </Text>
    </Group>
  );
}
