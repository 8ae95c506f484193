"use client";

import { IconBooks, IconChevronDown } from "@tabler/icons-react";
import { useId } from "react";
import { useStore } from "zustand";
import { useLibraries } from "@/documents/use-libraries";
import { text } from "@/text/en";
import { tellFailure } from "./failure-text";
import classes from "./library-picker.module.css";
import { useLive, useThread } from "./screen-context";

const words = text.chat.library;
const ALL = "";

/** Where answers come from: one library, or all that one may see. It holds for the questions to come. */
export function LibraryPicker() {
  const live = useLive();
  const { data: libraries } = useLibraries();
  const wanted = useStore(live.box, (box) => box.library);
  const chosen = useThread((thread) => (thread.conversation === null ? wanted : thread.conversation.libraryId)) ?? ALL;
  const isUnknown = chosen !== ALL && !libraries?.some((each) => each.id === chosen);
  const id = useId();
  return (
    <div className={classes.picker}>
      <IconBooks size={17} stroke={1.6} aria-hidden />
      <label htmlFor={id} className="visually-hidden">
        {words.label}
      </label>
      <select
        id={id}
        value={chosen}
        title={words.label}
        onChange={(event) => void live.answerFrom(event.currentTarget.value || null).then(tellFailure)}
      >
        <option value={ALL}>{words.all}</option>
        {isUnknown && <option value={chosen}>{libraries === undefined ? words.unread : words.gone}</option>}
        {libraries?.map((library) => (
          <option key={library.id} value={library.id}>
            {library.name}
          </option>
        ))}
      </select>
      <IconChevronDown size={14} stroke={2} aria-hidden />
    </div>
  );
}
