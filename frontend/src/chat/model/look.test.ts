// @vitest-environment node
import { describe, expect, it } from "vitest";
import { CONVERSATION, message, question } from "../testing/make";
import { nextLook } from "./look";
import type { Message } from "./rows";
import { emptyThread, hear, read } from "./thread";

const TALK = { id: CONVERSATION, title: null, libraryId: null, updatedAt: "" };
const NOW = Date.parse("2026-11-22T10:00:10Z");

function threadWith(changes: Partial<Message>) {
  return read(emptyThread(CONVERSATION, "reading"), TALK, [question(), message(changes)]);
}

const ended = threadWith({ status: "complete" });
const open = threadWith({ status: "streaming", fence: 7 });

describe("nextLook", () => {
  it("does not look when all has ended", () => {
    expect(nextLook(ended, { now: NOW, lookedAt: NOW, heardAt: NOW })).toBeNull();
  });

  it("looks when an answer falls silent, and from time to time anyway", () => {
    expect(nextLook(open, { now: NOW, lookedAt: NOW - 1_000, heardAt: NOW - 500 })).toBe(2_500);
    expect(nextLook(open, { now: NOW, lookedAt: NOW - 14_000, heardAt: NOW })).toBe(1_000);
  });

  it("looks soon when a piece is missing, but not at once again", () => {
    const behind = hear(open, "delta", { message_id: "a1", fence: 7, offset: 5, text: "x" });
    expect(nextLook(behind, { now: NOW, lookedAt: NOW - 9_000, heardAt: NOW })).toBe(0);
    expect(nextLook(behind, { now: NOW, lookedAt: NOW, heardAt: NOW })).toBe(500);
  });

  it("looks for the last words of a stopped answer, though not for ever", () => {
    const stopped = (updatedAt: string) => threadWith({ status: "cancelled", fence: 7, updatedAt });
    expect(nextLook(stopped("2026-11-22T10:00:09Z"), { now: NOW, lookedAt: NOW, heardAt: NOW })).toBe(1_000);
    expect(nextLook(stopped("2026-11-22T09:00:00Z"), { now: NOW, lookedAt: NOW, heardAt: NOW })).toBeNull();
  });
});
