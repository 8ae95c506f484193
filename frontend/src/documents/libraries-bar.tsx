"use client";

import { Button, Tabs } from "@mantine/core";
import { IconBook2, IconLock, IconPlus, IconUsers } from "@tabler/icons-react";
import { text } from "@/text/en";
import type { Library } from "./library";
import classes from "./libraries-bar.module.css";

interface Props {
  libraries: readonly Library[];
  chosen: string;
  onChoose: (id: string) => void;
  onNew: () => void;
}

/** All libraries side by side; they scroll where there are more than fit. */
export function LibrariesBar({ libraries, chosen, onChoose, onNew }: Props) {
  return (
    <div className={classes.bar}>
      <div className={classes.scroll}>
        <Tabs value={chosen} onChange={(id) => id && onChoose(id)} variant="none" classNames={{ list: classes.list, tab: classes.tab }}>
          <Tabs.List aria-label={text.documents.libraries}>
            {libraries.map((library) => (
              <Tabs.Tab key={library.id} value={library.id} leftSection={<LibraryIcon library={library} />}>
                {library.name}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </Tabs>
      </div>
      <Button variant="subtle" size="compact-md" leftSection={<IconPlus size={16} />} onClick={onNew} className={classes.add}>
        {text.documents.newLibrary}
      </Button>
    </div>
  );
}

function LibraryIcon({ library: { personal, people } }: { library: Library }) {
  const Icon = people > 1 ? IconUsers : personal ? IconLock : IconBook2;
  return <Icon size={16} stroke={1.7} aria-hidden />;
}
