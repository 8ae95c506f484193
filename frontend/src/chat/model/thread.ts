/**
 * One conversation as far as it is known: a pure value, and what each piece of news makes of it.
 *
 * News may come late, twice, in any order or not at all; whatever came, reading the rows again ends with the same thread.
 */

import { applyDelta, type Draft, EMPTY_DRAFT, isBehind, takeRow } from "./draft";
import type { Failure } from "./failures";
import { type Conversation, type Delta, type Message, readConversation, readDelta, readMessage } from "./rows";
import { fields } from "./unknown";

/** Drafts of answers whose row was not seen yet; more than these are forgotten, and read again. */
const MOST_STRANGERS = 20;

/** A question on its way, until its row is seen. */
export interface Outgoing {
  readonly id: string;
  readonly content: string;
  readonly failure: Failure | null;
}

export interface Thread {
  readonly id: string;
  /** Null while it is being read, and until the first question makes it. */
  readonly conversation: Conversation | null;
  /**
   * `reading`: not all rows have been read; `new`: nothing was asked yet; `missing`: there is none that this person may see;
   * `unreachable`: the first reading failed.
   */
  readonly presence: "reading" | "new" | "here" | "missing" | "unreachable";
  readonly messages: ReadonlyMap<string, Message>;
  readonly drafts: ReadonlyMap<string, Draft>;
  readonly outgoing: readonly Outgoing[];
  /** Messages that were taken back: an older row of theirs changes nothing. */
  readonly gone: ReadonlySet<string>;
  /** Something is missing, so the rows should be read. */
  readonly behind: boolean;
}

export function emptyThread(id: string, presence: "reading" | "new"): Thread {
  const nothing = { conversation: null, messages: new Map(), drafts: new Map(), outgoing: [], gone: new Set<string>() };
  return { id, presence, ...nothing, behind: false };
}

/** Take in a broadcast of the conversation, or of the person whose it is. */
export function hear(thread: Thread, event: string, payload: unknown): Thread {
  if (event === "delta") {
    const delta = readDelta(payload);
    return delta === null ? { ...thread, behind: true } : hearDelta(thread, delta);
  }
  const news = fields(payload);
  if (news?.table === "conversations" && news.operation === "UPDATE") return hearConversation(thread, readConversation(news.record));
  if (news?.table !== "messages" || news.operation === "DELETE") return thread;
  const message = readMessage(news.record, news.citations ?? []);
  if (message === null) return { ...thread, behind: true };
  return message.conversationId === thread.id ? takeMessage(thread, message) : thread;
}

/** Take in all rows of the conversation, as they were a moment ago. */
export function read(thread: Thread, conversation: Conversation, rows: readonly Message[]): Thread {
  const start: Thread = { ...thread, conversation, presence: "here", behind: false };
  const known = rows.reduce(takeMessage, start);
  return withBehind(withoutAbsent(known, rows));
}

/** Take in the last rows of the conversation: they can be shown, and the others are still to be read. */
export function readLatest(thread: Thread, conversation: Conversation, rows: readonly Message[]): Thread {
  return { ...read(thread, conversation, rows), presence: thread.presence };
}

/** There is no such conversation (any more). */
export function readNothing(thread: Thread): Thread {
  return { ...thread, presence: thread.presence === "new" ? "new" : "missing", behind: false };
}

/** A question is sent: it is shown at once, under the id that its row will have. */
export function send(thread: Thread, id: string, content: string): Thread {
  const others = thread.outgoing.filter((each) => each.id !== id);
  return { ...thread, outgoing: [...others, { id, content, failure: null }] };
}

export function sendingFailed(thread: Thread, id: string, failure: Failure): Thread {
  return { ...thread, outgoing: thread.outgoing.map((each) => (each.id === id ? { ...each, failure } : each)) };
}

/** A question that was not sent is put away. */
export function discard(thread: Thread, id: string): Thread {
  return { ...thread, outgoing: thread.outgoing.filter((each) => each.id !== id) };
}

/** What the person changed of one message, before its row comes back. */
export function change(thread: Thread, id: string, changes: Partial<Pick<Message, "feedback" | "status">>): Thread {
  const message = thread.messages.get(id);
  return message === undefined ? thread : { ...thread, messages: new Map(thread.messages).set(id, { ...message, ...changes }) };
}

/** Whether there is something to show: a conversation that was read, its end, or one that has not begun. */
export function isShowable({ presence, messages }: Thread): boolean {
  return presence === "new" || presence === "here" || (presence !== "missing" && messages.size > 0);
}

/** What is shown of an answer's text. */
export function shownText(message: Message, draft: Draft | undefined): string {
  const isDrafted = !isEnded(message) || isUnsettled(message);
  if (!isDrafted || draft === undefined || draft.fence < message.fence) return message.content;
  return draft.text.length >= message.content.length ? draft.text : message.content;
}

export function isEnded(message: Message): boolean {
  return message.status === "complete" || message.status === "failed" || message.status === "cancelled";
}

/** Stopped, but the responder has not put away its last words, citations and verdict yet. */
export function isUnsettled(message: Message): boolean {
  return message.status === "cancelled" && message.fence > 0 && message.verdict === null;
}

/** The answer that is being waited for or written: the first of several, for the others wait until it has ended. */
export function openAnswer(thread: Thread): Message | null {
  let first: Message | null = null;
  for (const message of thread.messages.values()) {
    const isOpen = message.role === "assistant" && !isEnded(message);
    if (isOpen && message.position < (first?.position ?? Infinity)) first = message;
  }
  return first;
}

/** Its name may have been changed in the list, or on another device. */
function hearConversation(thread: Thread, conversation: Conversation | null): Thread {
  if (thread.conversation === null || conversation?.id !== thread.id) return thread;
  return moment(conversation.updatedAt) < moment(thread.conversation.updatedAt) ? thread : { ...thread, conversation };
}

function hearDelta(thread: Thread, delta: Delta): Thread {
  if (thread.gone.has(delta.messageId)) return thread;
  const message = thread.messages.get(delta.messageId);
  if (message !== undefined && ((isEnded(message) && !isUnsettled(message)) || delta.fence < message.fence)) return thread;
  const before = thread.drafts.get(delta.messageId);
  if (before === undefined && message === undefined && strangers(thread) >= MOST_STRANGERS) return { ...thread, behind: true };
  const draft = applyDelta(before ?? EMPTY_DRAFT, delta);
  // Whose piece a stranger's is, the rows will tell.
  const behind = thread.behind || message === undefined || isBehind(draft);
  return { ...thread, drafts: new Map(thread.drafts).set(delta.messageId, draft), behind };
}

function strangers(thread: Thread): number {
  return [...thread.drafts.keys()].filter((id) => !thread.messages.has(id)).length;
}

function takeMessage(thread: Thread, message: Message): Thread {
  if (message.superseded) return withoutMessages(thread, [message.id]);
  if (thread.gone.has(message.id)) return thread;
  const taken = withoutReplaced(thread, message);
  const merged = newer(taken.messages.get(message.id), message);
  const outgoing = taken.outgoing.some((each) => each.id === message.id)
    ? taken.outgoing.filter((each) => each.id !== message.id)
    : taken.outgoing;
  return { ...taken, messages: new Map(taken.messages).set(message.id, merged), drafts: draftsWith(taken, merged), outgoing };
}

function draftsWith(thread: Thread, message: Message): Thread["drafts"] {
  if (message.role === "user") return thread.drafts;
  const drafts = new Map(thread.drafts);
  if (isEnded(message) && !isUnsettled(message)) {
    drafts.delete(message.id);
  } else {
    drafts.set(message.id, takeRow(drafts.get(message.id) ?? EMPTY_DRAFT, message.fence, message.content));
  }
  return drafts;
}

/** A message that takes another one's place takes that of all that followed it as well. */
function withoutReplaced(thread: Thread, message: Message): Thread {
  if (message.replaces === null || thread.gone.has(message.replaces)) return thread;
  const from = thread.messages.get(message.replaces)?.position ?? Infinity;
  const followed = [...thread.messages.values()].filter((each) => each.position >= from && each.position < message.position);
  return withoutMessages(thread, [message.replaces, ...followed.map((each) => each.id)]);
}

function withoutMessages(thread: Thread, ids: readonly string[]): Thread {
  const messages = new Map(thread.messages);
  const drafts = new Map(thread.drafts);
  for (const id of ids) {
    messages.delete(id);
    drafts.delete(id);
  }
  return { ...thread, messages, drafts, gone: new Set([...thread.gone, ...ids]) };
}

/** Rows that are not there any more; one that came after the rows were read is not among them yet. */
function withoutAbsent(thread: Thread, rows: readonly Message[]): Thread {
  const present = new Set(rows.map((row) => row.id));
  const last = Math.max(0, ...rows.map((row) => row.position));
  const absent = [...thread.messages.values()].filter((each) => !present.has(each.id) && each.position <= last);
  if (absent.length === 0) return thread;
  const messages = new Map(thread.messages);
  for (const each of absent) messages.delete(each.id);
  return { ...thread, messages };
}

function withBehind(thread: Thread): Thread {
  const drafts = new Map([...thread.drafts].filter(([id]) => thread.messages.has(id)));
  return { ...thread, drafts, behind: [...drafts.values()].some(isBehind) };
}

/** The later of two states of one message. Two of the same moment differ by what the person or the answer's end changed. */
function newer(known: Message | undefined, message: Message): Message {
  if (known === undefined) return { ...message, feedback: message.feedback ?? null };
  const age = moment(message.updatedAt) - moment(known.updatedAt) || compare(message.updatedAt, known.updatedAt);
  if (age < 0 || (age === 0 && rank(message) < rank(known))) return known;
  const merged = { ...message, feedback: message.feedback === undefined ? known.feedback : message.feedback };
  return JSON.stringify(merged) === JSON.stringify(known) ? known : merged;
}

function rank(message: Message): number {
  const stage = { pending: 0, streaming: 1, complete: 2, failed: 2, cancelled: 2 }[message.status];
  return message.fence * 4 + stage;
}

/** Milliseconds; the strings settle what is finer. */
function moment(timestamp: string): number {
  return Date.parse(timestamp) || 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
