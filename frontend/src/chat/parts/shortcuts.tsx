"use client";

import { Kbd, Switch } from "@mantine/core";
import { Dialog } from "@/shell/dialog";
import { text } from "@/text/en";
import { SHORTCUTS, type Shortcut } from "../model/shortcuts";
import classes from "./shortcuts.module.css";

const words = text.chat.shortcuts;

interface ShortcutsProps {
  readonly isOn: boolean;
  readonly onSwitch: (isOn: boolean) => void;
  readonly onClose: () => void;
}

/** What keys do, and the switch for those that work everywhere in the chat. */
export default function Shortcuts({ isOn, onSwitch, onClose }: ShortcutsProps) {
  return (
    <Dialog onClose={onClose} title={words.title}>
      <Switch checked={isOn} label={words.on} onChange={(event) => onSwitch(event.currentTarget.checked)} />
      <dl className={classes.list} data-off={!isOn || undefined}>
        {SHORTCUTS.map((shortcut) => (
          <Row key={shortcut.action} name={words.actions[shortcut.action]} keys={keysOf(shortcut)} />
        ))}
      </dl>
      <h3 className={classes.heading}>{words.inBox}</h3>
      <dl className={classes.list}>
        <Row name={words.box.send} keys={["Enter"]} />
        <Row name={words.box.line} keys={["Shift", "Enter"]} />
        <Row name={words.box.stop} keys={["Esc"]} />
        <Row name={words.box.recall} keys={["↑"]} />
      </dl>
    </Dialog>
  );
}

function Row({ name, keys }: { name: string; keys: readonly string[] }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {keys.map((key) => (
          <Kbd key={key}>{key}</Kbd>
        ))}
      </dd>
    </div>
  );
}

function keysOf({ isControl, isShift, key }: Shortcut): readonly string[] {
  const control = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl";
  return [...(isControl ? [control] : []), ...(isShift ? ["Shift"] : []), key === "Escape" ? "Esc" : key.toUpperCase()];
}
