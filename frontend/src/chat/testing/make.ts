/** Rows as the database would give them. */

import type { Delta, Message } from "../model/rows";

export const CONVERSATION = "c0000000-0000-4000-8000-000000000000";

/** A row of a message in the Data API's shape. */
export function row(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: "a1",
    conversation_id: CONVERSATION,
    role: "assistant",
    content: "",
    status: "pending",
    reply_to: "q1",
    replaces: null,
    superseded_at: null,
    fence: null,
    position: 2,
    model: null,
    usage: null,
    timings: null,
    metadata: {},
    error_code: null,
    error_message: null,
    trace_id: "0af7651916cd43dd8448eb211c80319c",
    created_at: "2026-11-22T10:00:00+00:00",
    updated_at: "2026-11-22T10:00:00+00:00",
    ...changes,
  };
}

export function message(changes: Partial<Message> = {}): Message {
  return {
    id: "a1",
    conversationId: CONVERSATION,
    role: "assistant",
    content: "",
    status: "pending",
    replyTo: "q1",
    replaces: null,
    superseded: false,
    fence: 0,
    position: 2,
    model: null,
    usage: {},
    timings: {},
    verdict: null,
    errorCode: null,
    errorMessage: null,
    traceId: null,
    createdAt: "2026-11-22T10:00:00+00:00",
    updatedAt: "2026-11-22T10:00:00+00:00",
    citations: [],
    feedback: null,
    ...changes,
  };
}

export function question(changes: Partial<Message> = {}): Message {
  return message({ id: "q1", role: "user", status: "complete", replyTo: null, position: 1, content: "Why?", ...changes });
}

export function delta(offset: number, text: string, fence = 7, messageId = "a1"): Delta {
  return { messageId, fence, offset, text };
}

/** What is broadcast of a message. */
export function news(record: Record<string, unknown>, citations: unknown[] = []): Record<string, unknown> {
  return { operation: "UPDATE", schema: "public", table: "messages", record, citations };
}
