/** Conversations, messages and citations, as the Data API and the broadcasts carry them. */

import { each, fields, integer, list, numbers, oneOf, text } from "./unknown";

export const STATUSES = ["pending", "streaming", "complete", "failed", "cancelled"] as const;
export type Status = (typeof STATUSES)[number];

const FINISH_REASONS = ["stop", "length", "content_filter", "time", "stopped"] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

const DOUBT_REASONS = ["uncited", "number", "unrelated"] as const;
export type DoubtReason = (typeof DOUBT_REASONS)[number];

const CITATION_STATUSES = ["current", "changed", "vanished"] as const;
export type CitationStatus = (typeof CITATION_STATUSES)[number];

/** A sentence of an answer, by its code points, whose support is missing. */
export interface Doubt {
  readonly start: number;
  readonly end: number;
  readonly reason: DoubtReason;
}

/** How an answer ended and what it rests on. */
export interface Verdict {
  readonly finishReason: FinishReason;
  readonly refused: boolean;
  readonly supported: boolean;
  /** Documents that could not be searched yet; 100 stand for more. */
  readonly unread: number;
  readonly replayed: boolean;
  readonly doubts: readonly Doubt[];
}

/** What a marker stands for; `start` and `end` are the quote's code points in the passage. */
export interface Citation {
  readonly messageId: string;
  readonly marker: number;
  readonly chunkId: string | null;
  readonly documentId: string | null;
  readonly status: CitationStatus;
  readonly title: string;
  readonly page: number | null;
  readonly quote: string;
  readonly start: number;
  readonly end: number;
}

export interface Feedback {
  readonly rating: 1 | -1;
  readonly comment: string | null;
}

/** `fence` numbers the attempt that writes an answer; `feedback` is undefined where it did not come along. */
export interface Message {
  readonly id: string;
  readonly conversationId: string;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly status: Status;
  readonly replyTo: string | null;
  readonly replaces: string | null;
  readonly superseded: boolean;
  readonly fence: number;
  readonly position: number;
  readonly model: string | null;
  readonly usage: Readonly<Record<string, number>>;
  readonly timings: Readonly<Record<string, number>>;
  readonly verdict: Verdict | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly traceId: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly citations: readonly Citation[];
  readonly feedback: Feedback | null | undefined;
}

export interface Conversation {
  readonly id: string;
  readonly title: string | null;
  readonly libraryId: string | null;
  readonly updatedAt: string;
}

/** A piece of an answer: `offset` code points of the same attempt come before it. */
export interface Delta {
  readonly messageId: string;
  readonly fence: number;
  readonly offset: number;
  readonly text: string;
}

export function readDelta(value: unknown): Delta | null {
  const row = fields(value);
  const messageId = text(row?.message_id);
  const fence = integer(row?.fence);
  const offset = integer(row?.offset);
  const piece = text(row?.text);
  if (messageId === null || fence === null || offset === null || offset < 0 || piece === null) return null;
  return { messageId, fence, offset, text: piece };
}

export function readConversation(value: unknown): Conversation | null {
  const row = fields(value);
  const id = text(row?.id);
  if (row === null || id === null) return null;
  return { id, title: text(row.title), libraryId: text(row.library_id), updatedAt: text(row.updated_at) ?? "" };
}

/** The message in a row; of a broadcast, the citations stand beside the row, and feedback does not come along. */
export function readMessage(value: unknown, citations?: unknown): Message | null {
  const row = fields(value);
  const id = text(row?.id);
  const conversationId = text(row?.conversation_id);
  const role = oneOf(row?.role, ["user", "assistant"]);
  const status = oneOf(row?.status, STATUSES);
  const position = integer(row?.position);
  if (row === null || id === null || conversationId === null || role === null || status === null || position === null) {
    return null;
  }
  return {
    id,
    conversationId,
    role,
    status,
    position,
    content: text(row.content) ?? "",
    replyTo: text(row.reply_to),
    replaces: text(row.replaces),
    superseded: row.superseded_at !== null && row.superseded_at !== undefined,
    fence: integer(row.fence) ?? 0,
    model: text(row.model),
    usage: numbers(row.usage),
    timings: numbers(row.timings),
    verdict: readVerdict(row.metadata),
    errorCode: text(row.error_code),
    errorMessage: text(row.error_message),
    traceId: text(row.trace_id),
    createdAt: text(row.created_at) ?? "",
    updatedAt: text(row.updated_at) ?? "",
    citations: [...each(citations ?? row.citations, readCitation)].sort((a, b) => a.marker - b.marker),
    feedback: row.feedback === undefined ? undefined : readFeedback(list(row.feedback)[0]),
  };
}

function readVerdict(value: unknown): Verdict | null {
  const row = fields(value);
  const finishReason = oneOf(row?.finish_reason, FINISH_REASONS);
  if (row === null || finishReason === null) return null;
  return {
    finishReason,
    refused: row.refused === true,
    supported: row.supported === true,
    unread: integer(row.unread) ?? 0,
    replayed: row.replayed === true,
    doubts: each(row.doubts, readDoubt),
  };
}

function readDoubt(value: unknown): Doubt | null {
  const row = fields(value);
  const start = integer(row?.start);
  const end = integer(row?.end);
  const reason = oneOf(row?.reason, DOUBT_REASONS);
  return start === null || end === null || reason === null || end <= start ? null : { start, end, reason };
}

function readCitation(value: unknown): Citation | null {
  const row = fields(value);
  const messageId = text(row?.message_id);
  const marker = integer(row?.marker);
  const title = text(row?.title);
  if (row === null || messageId === null || marker === null || title === null) return null;
  return {
    messageId,
    marker,
    title,
    chunkId: text(row.chunk_id),
    documentId: text(row.document_id),
    status: oneOf(row.status, CITATION_STATUSES) ?? "changed",
    page: integer(row.page),
    quote: text(row.quote) ?? "",
    start: integer(row.char_start) ?? 0,
    end: integer(row.char_end) ?? 0,
  };
}

function readFeedback(value: unknown): Feedback | null {
  const row = fields(value);
  const rating = integer(row?.rating);
  return rating === 1 || rating === -1 ? { rating, comment: text(row?.comment) } : null;
}
