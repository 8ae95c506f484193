"use client";

import { IconCopy, IconDownload, IconShare } from "@tabler/icons-react";
import { IconButton } from "@/shell/icon-button";
import { LateMenu } from "@/shell/late-menu";
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
  const choices = [
    { name: words.copy, icon: IconCopy, act: () => void copy(read().markdown) },
    { name: words.download, icon: IconDownload, act: () => download(read()) },
    { name: words.send, icon: IconShare, act: () => void send(read()) },
  ];
  return (
    <LateMenu choices={"share" in navigator ? choices : choices.slice(0, 2)}>
      <IconButton size={34} label={words.menu}>
        <IconShare size={18} stroke={1.6} />
      </IconButton>
    </LateMenu>
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
