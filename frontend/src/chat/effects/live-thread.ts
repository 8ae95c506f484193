/** A conversation that keeps itself up to date, and all that a person does in it. */

import { createStore, type StoreApi } from "zustand/vanilla";
import type { Listener } from "@/lib/subscribe";
import type { Failure } from "../model/failures";
import { nextLook } from "../model/look";
import type { Feedback, Message } from "../model/rows";
import { change, discard, emptyThread, hear, openAnswer, read, readLatest, readNothing, send, sendingFailed, type Thread } from "../model/thread";
import type { Api } from "./api";
import type { Rows } from "./read-rows";
import { BLANK, type Drafts } from "@/lib/drafts";
import { type Change, Frames } from "./frames";

export interface Surroundings {
  readonly person: string;
  readonly api: Api;
  readonly drafts: Drafts;
  readonly subscribe: (topic: string, listener: Listener) => () => void;
  readonly newId: () => string;
}

/** What stands in the box, and whether the session was over when it was sent. */
export interface Box {
  readonly text: string;
  readonly isSignedOut: boolean;
  /** Where the next question is answered from while there is no conversation yet. */
  readonly library: string | null;
}

/** A conversation begins with its first question, or is read; its last rows may have come with the page. */
export type Start = "new" | Rows | null;

const LONGEST_PAUSE_MS = 5_000;

export class LiveThread {
  readonly store: StoreApi<Thread>;
  readonly box: StoreApi<Box>;
  private readonly frames: Frames<Thread>;
  private viewers = 0;
  private leave: (() => void) | null = null;
  private reading: Promise<void> | null = null;
  private readings = 0;
  private lastTaken = 0;
  private sending: Promise<void> = Promise.resolve();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lookedAt = 0;
  private heardAt = 0;
  private failures = 0;

  constructor(
    readonly id: string,
    start: Start,
    private readonly world: Surroundings,
  ) {
    this.store = createStore<Thread>(() => begun(id, start));
    this.box = createStore<Box>(() => ({ text: "", isSignedOut: false, library: null }));
    this.frames = new Frames((change) => this.applyHeard(change));
  }

  /**
   * Follow the conversation until the function that is returned is called. `typed`: what was written in the box before the
   * page had come to life.
   */
  open(typed = ""): () => void {
    this.viewers += 1;
    this.restoreText(typed);
    this.connect();
    const leavePerson = this.world.subscribe(`person:${this.world.person}`, {
      hear: ({ event, payload }) => this.frames.add((thread) => hear(thread, event, payload)),
      catchUp: () => this.sendAgain(),
    });
    return () => {
      leavePerson();
      if (this.viewers === 1) this.clearBlank();
      this.viewers -= 1;
      if (this.viewers > 0) return;
      this.disconnect();
      this.handOn();
    };
  }

  get isOpen(): boolean {
    return this.viewers > 0;
  }

  write(text: string): void {
    this.box.setState({ text, isSignedOut: false });
    this.keepText();
  }

  /**
   * Put a question; resolves when it was accepted or refused. A conversation that is not there yet is made by it. What stands
   * in the box stays there, if the question is another one.
   */
  async ask(content: string): Promise<void> {
    const id = this.world.newId();
    this.change((thread) => send(thread, id, content));
    this.box.setState(({ text }) => ({ text: text.trim() === content ? "" : text, isSignedOut: false }));
    this.keepText();
    await this.deliver(id, content);
  }

  /** Send a question again under the same id: should it have arrived after all, it is still one. */
  async resend(id: string): Promise<void> {
    const outgoing = this.store.getState().outgoing.find((each) => each.id === id);
    if (outgoing === undefined) return;
    this.change((thread) => send(thread, id, outgoing.content));
    await this.deliver(id, outgoing.content);
  }

  /** Take back a question that was not sent: its text returns to the box. */
  takeBack(id: string): void {
    const outgoing = this.store.getState().outgoing.find((each) => each.id === id);
    if (outgoing === undefined) return;
    this.change((thread) => discard(thread, id));
    this.write(together([outgoing.content, this.box.getState().text]));
  }

  stop(answer: string): Promise<Failure | null> {
    return this.act(() => this.world.api.stop(answer));
  }

  regenerate(answer: string): Promise<Failure | null> {
    return this.act(async () => (await this.world.api.regenerate(answer)).failure);
  }

  async edit(question: string, content: string): Promise<Failure | null> {
    const failure = await this.act(async () => (await this.world.api.edit(question, content)).failure);
    if (failure === null) this.world.drafts.save(question, "");
    return failure;
  }

  /** What was made of a question and not sent; its own words if nothing. */
  editedText(question: Message): string {
    return this.world.drafts.load(question.id) || question.content;
  }

  keepEdited(question: Message, content: string): void {
    this.world.drafts.save(question.id, content === question.content ? "" : content);
  }

  async rate(answer: string, feedback: Feedback | null): Promise<Failure | null> {
    const before = this.store.getState().messages.get(answer)?.feedback;
    this.change((thread) => change(thread, answer, { feedback }));
    const failure = await this.world.api.rate(answer, feedback);
    if (failure !== null) this.change((thread) => change(thread, answer, { feedback: before }));
    return failure;
  }

  /** Choose the library that answers from now on; null: all of the person's. */
  async answerFrom(library: string | null): Promise<Failure | null> {
    const { conversation } = this.store.getState();
    if (conversation === null) {
      this.box.setState({ library });
      return null;
    }
    this.change((thread) => ({ ...thread, conversation: { ...conversation, libraryId: library } }));
    return this.act(() => this.world.api.answerFrom(this.id, library));
  }

  /** Read the rows; a request that is under way will do. */
  readRows(): Promise<void> {
    return this.reading ?? this.readAfresh();
  }

  /** Read the rows as they are now: those of a request that is under way may be older, and it may hang. */
  private readAfresh(): Promise<void> {
    const reading: Promise<void> = this.readOnce().finally(() => {
      if (this.reading !== reading) return;
      this.reading = null;
      this.schedule();
    });
    return (this.reading = reading);
  }

  private async readOnce(): Promise<void> {
    const number = (this.readings += 1);
    const { value, failure } = await this.world.api.read(this.id);
    if (number < this.lastTaken) return; // one that began later was quicker
    this.lastTaken = number;
    this.frames.flush(); // what was heard before the rows came is older than what is heard after
    this.lookedAt = Date.now();
    if (failure !== null) {
      this.failures += 1;
      this.change((thread) => (thread.presence === "reading" ? { ...thread, presence: "unreachable" } : thread));
      return;
    }
    this.failures = 0;
    this.change((thread) => (value === null ? readNothing(thread) : read(thread, value.conversation, value.messages)));
    if (value === null && this.store.getState().presence === "missing") this.disconnect();
  }

  /** A change that the database makes; that it was made is seen in the rows. */
  private async act(request: () => Promise<Failure | null>): Promise<Failure | null> {
    const failure = await request();
    await this.readAfresh();
    return failure;
  }

  /** One after the other: questions are answered in the order in which they were put. */
  private deliver(id: string, content: string): Promise<void> {
    this.sending = this.sending.then(async () => {
      const failure = (await this.begin()) ?? (await this.world.api.ask(this.id, id, content));
      if (failure !== null) return this.notSent(id, failure); // its text is kept already, and another tab may have written since
      await this.readAfresh();
      this.keepText();
    });
    return this.sending;
  }

  /** Listens before the first question is put: its answer may begin at once. */
  private async begin(): Promise<Failure | null> {
    if (this.store.getState().presence !== "new") return null;
    const failure = await this.world.api.start(this.id, this.box.getState().library);
    if (failure !== null) return failure;
    this.clearBlank();
    this.change((thread) => ({ ...thread, presence: "here" }));
    this.connect();
    return null;
  }

  private notSent(id: string, failure: Failure): void {
    this.change((thread) => sendingFailed(thread, id, failure));
    this.handOn();
    if (failure.kind !== "signed_out") return;
    this.takeBack(id);
    this.box.setState({ isSignedOut: true });
  }

  /** Under which the text of the box is kept: new chats have one place together, which is the one's that is seen. */
  private get key(): string {
    return this.isOpen && this.store.getState().presence === "new" ? BLANK : this.id;
  }

  /** What was not sent is kept with what stands in the box, until it is. */
  private keepText(): void {
    this.world.drafts.save(this.key, this.unsent());
  }

  private unsent(): string {
    const { outgoing } = this.store.getState();
    return together([...outgoing.map((each) => each.content), this.box.getState().text]);
  }

  /** Free the place of new chats, unless another tab has written there meanwhile. */
  private clearBlank(): void {
    if (this.key === BLANK && this.world.drafts.load(BLANK) === this.unsent()) this.world.drafts.save(BLANK, "");
  }

  /** Nobody comes back to a new chat that was left: what is not on its way there waits in the next one. */
  private handOn(): void {
    const { presence, outgoing } = this.store.getState();
    if (this.isOpen || presence !== "new") return;
    const idle = outgoing.filter((each) => each.failure !== null).map((each) => each.content);
    this.world.drafts.save(BLANK, together([...idle, this.box.getState().text, this.world.drafts.load(BLANK)]));
    this.change((thread) => ({ ...thread, outgoing: outgoing.filter((each) => each.failure === null) }));
    this.box.setState({ text: "" });
    this.keepText();
  }

  /** After the first rendering, which is the same on the server. */
  private restoreText(typed: string): void {
    if (this.box.getState().text !== "" || this.store.getState().outgoing.length > 0) return;
    this.box.setState({ text: together([this.world.drafts.load(this.key), typed]) });
    this.keepText();
  }

  private connect(): void {
    const { presence } = this.store.getState();
    if (this.viewers === 0 || this.leave !== null || presence === "new" || presence === "missing") return;
    this.leave = this.world.subscribe(`conversation:${this.id}`, {
      hear: ({ event, payload }) => this.hear(event, payload),
      catchUp: () => void this.readAfresh(),
    });
    void this.readRows();
  }

  private disconnect(): void {
    this.leave?.();
    this.leave = null;
    clearTimeout(this.timer);
  }

  private hear(event: string, payload: unknown): void {
    this.heardAt = Date.now();
    this.frames.add((thread) => hear(thread, event, payload));
  }

  /** By the person's topic, which is heard also before the conversation has one. */
  private sendAgain(): void {
    for (const { id, failure } of this.store.getState().outgoing) {
      if (failure?.kind === "offline") void this.resend(id);
    }
  }

  /** The end of an answer changes more than its row: the conversation gets its title then. */
  private applyHeard(change: Change<Thread>): void {
    const wasOpen = openAnswer(this.store.getState()) !== null;
    this.store.setState(change, true);
    if (wasOpen && openAnswer(this.store.getState()) === null) void this.readRows();
    else this.schedule();
  }

  /** At once, with all that was heard before. */
  private change(change: Change<Thread>): void {
    this.frames.flush();
    this.store.setState(change, true);
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.leave === null) return;
    const wait = this.failures > 0 ? this.pause() : nextLook(this.store.getState(), this.times());
    if (wait !== null) this.timer = setTimeout(() => void this.readRows(), wait);
  }

  private times(): { now: number; lookedAt: number; heardAt: number } {
    return { now: Date.now(), lookedAt: this.lookedAt, heardAt: this.heardAt };
  }

  private pause(): number {
    return Math.min(LONGEST_PAUSE_MS, 500 * 2 ** this.failures) * (0.5 + Math.random() / 2);
  }
}

/** Several texts as one, in paragraphs of their own. */
function together(texts: readonly string[]): string {
  return texts.filter((each) => each.trim() !== "").join("\n\n");
}

function begun(id: string, start: Start): Thread {
  if (start === "new") return emptyThread(id, "new");
  const unread = emptyThread(id, "reading");
  return start === null ? unread : readLatest(unread, start.conversation, start.messages);
}
