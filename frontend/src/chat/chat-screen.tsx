"use client";

import { notifications } from "@mantine/notifications";
import dynamic from "next/dynamic";
import { usePathname, useRouter } from "next/navigation";
import { useCallback, useEffect, useRef, useState } from "react";
import { useFileDrop } from "@/documents/use-file-drop";
import { patiently } from "@/lib/patiently";
import { newId } from "@/lib/uuid";
import { usePerson } from "@/shell/person";
import { text } from "@/text/en";
import classes from "./chat-screen.module.css";
import type { Start } from "./effects/live-thread";
import type { Rows } from "./effects/read-rows";
import { threadOf } from "./effects/threads";
import type { Action } from "./model/shortcuts";
import { isShowable } from "./model/thread";
import { turns } from "./model/turns";
import { Composer } from "./parts/composer";
import { Empty } from "./parts/empty";
import { Header } from "./parts/header";
import { LiveRegion } from "./parts/live-region";
import { PassagePanel } from "./parts/passage-panel";
import { ScreenProvider, useLive, useThread } from "./parts/screen-context";
import { focusSearch } from "./parts/search-box";
import { State } from "./parts/state";
import { Transcript } from "./parts/transcript";
import { useShortcuts } from "./parts/use-shortcuts";

const Shortcuts = dynamic(() => patiently(() => import("./parts/shortcuts")), { ssr: false });

const ADDRESS = /^\/chat\/([0-9a-f-]{36})$/;

/**
 * A conversation; null: one that begins with the first question. That one gets its address without a navigation, so that
 * nothing is loaded in the middle of an answer: the page of a new chat is then that conversation's, until one leaves it.
 * `latest`: its end, if it came with the page.
 */
export function ChatScreen({ conversationId, latest = null }: { conversationId: string | null; latest?: Rows | null }) {
  const path = usePathname();
  const known = conversationId ?? ADDRESS.exec(path)?.[1] ?? null;
  const [begun, setBegun] = useState(newId);
  const [before, setBefore] = useState(path);
  if (path !== before) {
    setBefore(path);
    if (known === null) setBegun(newId());
  }
  const id = known ?? begun;
  return <Talk key={id} id={id} start={known === null ? "new" : latest} />;
}

function Talk({ id, start }: { id: string; start: Start }) {
  const person = usePerson();
  const [live] = useState(() => threadOf(person.id, id, start));
  return (
    <ScreenProvider live={live}>
      <Screen isNew={start === "new"} />
    </ScreenProvider>
  );
}

function Screen({ isNew }: { isNew: boolean }) {
  const live = useLive();
  const router = useRouter();
  const input = useRef<HTMLTextAreaElement>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const [showsShortcuts, setShowsShortcuts] = useState(false);
  const presence = useThread((thread) => thread.presence);
  const isShown = useThread(isShowable);
  const isEmpty = useThread((thread) => thread.messages.size === 0 && thread.outgoing.length === 0);
  const edit = useCallback((question: string | null) => {
    setEditing(question);
    if (question === null) focusAtDesk(input.current); // what opened the editor is gone
  }, []);
  const [areOn, turnShortcuts] = useShortcuts(act);
  useFileDrop(tellWhereFilesGo); // else the browser would leave the page for the file

  useEffect(() => live.open(input.current?.value), [live]);
  useEffect(() => focusAtDesk(input.current), []);
  useEffect(() => {
    if (isNew && presence !== "new") window.history.replaceState(null, "", `/chat/${live.id}`);
  }, [isNew, presence, live]);
  useEffect(() => {
    const library = new URLSearchParams(window.location.search).get("library");
    if (isNew && library !== null) void live.answerFrom(library);
  }, [isNew, live]);

  const ask = (content: string) => void live.ask(content);
  function act(action: Action): boolean {
    if (action === "search") return focusSearch();
    if (action === "new") router.push("/chat");
    else if (action === "shortcuts") setShowsShortcuts(!showsShortcuts);
    else input.current?.focus();
    return true;
  }
  function recall() {
    setEditing(turns(live.store.getState()).findLast((turn) => turn.question !== null)?.key ?? null);
  }

  return (
    <div className={classes.screen}>
      <section className={classes.talk}>
        <Header onShortcuts={() => setShowsShortcuts(true)} />
        {!isShown ? <State /> : isEmpty ? <Empty onAsk={ask} /> : <Transcript editing={editing} onEdit={edit} />}
        {presence !== "missing" && <Composer input={input} onAsk={ask} onRecall={recall} />}
      </section>
      <PassagePanel />
      <LiveRegion />
      {showsShortcuts && <Shortcuts isOn={areOn} onSwitch={turnShortcuts} onClose={() => setShowsShortcuts(false)} />}
    </div>
  );
}

function tellWhereFilesGo(): void {
  notifications.show({ message: text.chat.dropElsewhere });
}

/** Not where a keyboard on the screen would come up unasked. */
function focusAtDesk(box: HTMLTextAreaElement | null): void {
  if (window.matchMedia("(pointer: fine)").matches) box?.focus({ preventScroll: true });
}
