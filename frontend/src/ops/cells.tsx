import { Anchor, Text } from "@mantine/core";
import Link from "next/link";
import { text } from "@/text/en";
import classes from "./cells.module.css";

/** A queue by the name of its work. */
export function QueueName({ name }: { name: string }) {
  return <>{text.ops.queueNames[name] ?? name}</>;
}

/** Leads to everything that happened on the way. */
export function TraceLink({ id, label }: { id: string; label?: string }) {
  return (
    <Anchor component={Link} href={`/ops?trace=${encodeURIComponent(id)}#trace`} size="sm" className={label ? undefined : classes.id}>
      {label ?? id.slice(0, 8)}
    </Anchor>
  );
}

export function Reason({ children }: { children: string | null }) {
  return (
    <Text size="sm" lineClamp={2} maw={420} title={children ?? undefined}>
      {children ?? "–"}
    </Text>
  );
}
