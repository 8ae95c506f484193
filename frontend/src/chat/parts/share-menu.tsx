"use client";

import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconCopy, IconDownload, IconShare } from "@tabler/icons-react";
import { text } from "@/text/en";
import { asMarkdown, fileName } from "../model/share";
import { turns } from "../model/turns";
import { copy } from "./copy";
import { useLive } from "./screen-context";

const words = text.chat.share;
const markdownWords = { untitled: text.chat.untitled, sources: text.chat.sourcesMarkdown, page: text.chat.page };

/** The conversation as Markdown, with its sources. */
export function ShareMenu() {
  const live = useLive();
  function read(): { title: string | null; markdown: string } {
    const thread = live.store.getState();
    const title = thread.conversation?.title ?? null;
    return { title, markdown: asMarkdown(title, turns(thread), markdownWords) };
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={words.menu}>
          <ActionIcon variant="subtle" color="gray" size={34} aria-label={words.menu}>
            <IconShare size={18} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => void copy(read().markdown)}>
          {words.copy}
        </Menu.Item>
        <Menu.Item leftSection={<IconDownload size={16} />} onClick={() => download(read())}>
          {words.download}
        </Menu.Item>
        {typeof navigator !== "undefined" && "share" in navigator && (
          <Menu.Item leftSection={<IconShare size={16} />} onClick={() => void send(read())}>
            {words.send}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

interface Shared {
  readonly title: string | null;
  readonly markdown: string;
}

function download({ title, markdown }: Shared): void {
  const url = URL.createObjectURL(new Blob([markdown], { type: "text/markdown;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName(title, text.chat.fileName);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000); // some browsers read it only then
}

async function send({ title, markdown }: Shared): Promise<void> {
  try {
    await navigator.share({ title: title ?? text.chat.untitled, text: markdown });
  } catch (error) {
    // Whoever closes the system's own list has changed their mind.
    if (!(error instanceof DOMException && error.name === "AbortError")) await copy(markdown);
  }
}
