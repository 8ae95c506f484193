import { Text, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";
import classes from "./panel.module.css";

interface Props {
  title: string;
  lead?: string;
  aside?: ReactNode;
  children: ReactNode;
}

/** One group of figures with its name. */
export function Panel({ title, lead, aside, children }: Props) {
  const id = useId();
  return (
    <section className={classes.panel} aria-labelledby={id}>
      <header className={classes.header}>
        <div>
          <Title order={2} size="h5" id={id}>
            {title}
          </Title>
          {lead && (
            <Text size="xs" c="dimmed">
              {lead}
            </Text>
          )}
        </div>
        {aside}
      </header>
      {children}
    </section>
  );
}
