"use client";

import { CloseButton, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { isComposing } from "@/lib/composing";
import { text } from "@/text/en";

const words = text.chat.list;

/** To the box that can be seen, for the list is there for wide and for narrow pages; whether there is one. */
export function focusSearch(): boolean {
  const boxes = [...document.querySelectorAll<HTMLInputElement>("[data-conversation-search]")];
  const seen = boxes.find((box) => box.offsetParent !== null);
  seen?.focus();
  return seen !== undefined;
}

export function SearchBox({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <TextInput
      data-conversation-search
      size="sm"
      type="search"
      aria-label={words.search}
      placeholder={words.search}
      leftSection={<IconSearch size={16} stroke={1.7} />}
      rightSection={value === "" ? null : <CloseButton size="sm" aria-label={words.clear} onClick={() => onChange("")} />}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !isComposing(event.nativeEvent)) onChange("");
      }}
    />
  );
}
