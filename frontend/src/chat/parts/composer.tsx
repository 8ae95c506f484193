"use client";

import { IconArrowUp, IconPlayerStopFilled } from "@tabler/icons-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { type KeyboardEvent, type RefObject, useEffect, useId, useLayoutEffect, useState } from "react";
import { useStore } from "zustand";
import { browserClient } from "@/lib/supabase/browser";
import { IconButton } from "@/shell/icon-button";
import { text } from "@/text/en";
import { length } from "../model/codepoints";
import { composerKey } from "../model/keys";
import { openAnswer } from "../model/thread";
import classes from "./composer.module.css";
import { tellFailure } from "./failure-text";
import { expectMarkdown } from "./late-markdown";
import { LibraryPicker } from "./library-picker";
import { pressOf } from "./press";
import { useLive, useThread } from "./screen-context";

const words = text.chat.composer;
const LONGEST = 20_000; // characters of a question, by the database
const NEARLY = 500;

interface ComposerProps {
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly onAsk: (content: string) => void;
  readonly onRecall: () => void;
}

/** Where questions are written. What stands here is kept, whatever happens to the page or the session. */
export function Composer({ input, onAsk, onRecall }: ComposerProps) {
  const live = useLive();
  const { text: content, isSignedOut } = useStore(live.box);
  const answer = useThread((thread) => openAnswer(thread)?.id ?? null);
  const [stop, isStopping] = useStop(answer);
  const hint = useId();
  const left = LONGEST - length(content);
  const isReady = content.trim() !== "" && left >= 0;
  useFittingHeight(input, content);

  function send() {
    if (!isReady) return;
    onAsk(content.trim());
    // A phone's keyboard covers the answer: there the box is left.
    if (window.matchMedia("(pointer: coarse)").matches) input.current?.blur();
  }
  function press(event: KeyboardEvent<HTMLTextAreaElement>) {
    const key = composerKey(pressOf(event), content === "");
    if (key === "send") send();
    else if (key === "stop" && answer !== null) stop();
    else if (key === "recall") onRecall();
    else return;
    event.preventDefault();
  }

  return (
    <div className={classes.place}>
      {isSignedOut && <SignedOut />}
      <div className={classes.composer}>
        <textarea
          ref={input}
          rows={1}
          dir="auto"
          className={classes.input}
          aria-label={words.label}
          aria-describedby={hint}
          placeholder={words.placeholder}
          enterKeyHint="send"
          value={content}
          onChange={(event) => live.write(event.currentTarget.value)}
          onKeyDown={press}
          onFocus={expectMarkdown}
        />
        <div className={classes.foot}>
          <LibraryPicker />
          <span className={classes.hint} id={hint} data-over={left < 0 || undefined}>
            {left < NEARLY ? words.long(left) : words.hint}
          </span>
          {answer !== null && (
            <IconButton size={36} radius="xl" variant="default" label={words.stop} loading={isStopping} onClick={stop}>
              <IconPlayerStopFilled size={16} />
            </IconButton>
          )}
          <IconButton size={36} radius="xl" variant="filled" color="river" label={words.send} disabled={!isReady} onClick={send}>
            <IconArrowUp size={19} stroke={2.2} />
          </IconButton>
        </div>
      </div>
    </div>
  );
}

/** Stops the answer that is being written; its row says so to every device. */
function useStop(answer: string | null): [() => void, boolean] {
  const live = useLive();
  const [stopping, setStopping] = useState<string | null>(null);
  async function stop() {
    if (answer === null || stopping === answer) return;
    setStopping(answer);
    tellFailure(await live.stop(answer));
    setStopping(null);
  }
  return [() => void stop(), stopping !== null && stopping === answer];
}

function useFittingHeight(input: RefObject<HTMLTextAreaElement | null>, content: string): void {
  useLayoutEffect(() => fit(input.current), [input, content]);
}

function fit(box: HTMLTextAreaElement | null): void {
  if (box === null) return;
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

/** Until one has signed in again, over the page or in another tab. */
function SignedOut() {
  const live = useLive();
  const path = usePathname();
  useEffect(() => {
    let refused: string | undefined;
    const following = browserClient().then(({ auth }) =>
      auth.onAuthStateChange((event, session) => {
        if (event === "INITIAL_SESSION") refused = session?.access_token;
        // Told whenever the tab is looked at, too, of the session that is there already.
        if (event === "SIGNED_IN" && session?.access_token !== refused) live.box.setState({ isSignedOut: false });
      }),
    );
    return () => void following.then(({ data }) => data.subscription.unsubscribe());
  }, [live]);
  return (
    <p className={classes.signedOut} role="alert">
      {words.signedOut} <Link href={`/sign-in?next=${encodeURIComponent(path)}`}>{words.signIn}</Link>
    </p>
  );
}
