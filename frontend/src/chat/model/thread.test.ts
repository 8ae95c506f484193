// @vitest-environment node
import { describe, expect, it } from "vitest";
import { CONVERSATION, message, news, question, row } from "../testing/make";
import { Random } from "../testing/random";
import type { Message } from "./rows";
import { change, discard, emptyThread, hear, isUnsettled, openAnswer, read, readNothing, send, sendingFailed, shownText, type Thread } from "./thread";
import { turns } from "./turns";

const TALK = { id: CONVERSATION, title: "Weirs", libraryId: null, updatedAt: "2026-11-22T10:00:00+00:00" };
const VERDICT = { finishReason: "stop", refused: false, supported: true, unread: 0, replayed: false, doubts: [] } as const;

const reading = emptyThread(CONVERSATION, "reading");
const streaming = read(reading, TALK, [question(), message({ status: "streaming", fence: 7, content: "He", updatedAt: at(1) })]);

/** A moment of the conversation, in seconds. */
function at(seconds: number): string {
  return `2026-11-22T10:00:${String(seconds).padStart(2, "0")}.5+00:00`;
}

function piece(offset: number, text: string, fence = 7, id = "a1"): Record<string, unknown> {
  return { message_id: id, fence, offset, text };
}

function shown(thread: Thread, id = "a1"): string {
  const found = thread.messages.get(id);
  return found === undefined ? "" : shownText(found, thread.drafts.get(id));
}

describe("a conversation that is read", () => {
  it("shows questions with their answers in order", () => {
    const rows = [message(), question(), message({ id: "a2", replyTo: "q2", position: 4 }), question({ id: "q2", position: 3 })];
    expect(turns(read(reading, TALK, rows)).map((turn) => [turn.question?.id, turn.answer?.id])).toEqual([["q1", "a1"], ["q2", "a2"]]);
  });

  it("is missing when there is none, unless it has not begun", () => {
    expect(readNothing(reading).presence).toBe("missing");
    expect(readNothing(streaming).presence).toBe("missing");
    expect(readNothing(emptyThread(CONVERSATION, "new")).presence).toBe("new");
  });

  it("keeps what did not change as the same object, so that nothing is set anew", () => {
    const rows = [question(), message({ status: "complete", content: "Hi", verdict: VERDICT })];
    const first = read(reading, TALK, rows);
    const again = read(first, TALK, rows.map((each) => ({ ...each })));
    expect(again.messages.get("a1")).toBe(first.messages.get("a1"));
  });
});

describe("an answer that is streamed", () => {
  it("grows by pieces from where the row's draft ends", () => {
    const grown = hear(hear(streaming, "delta", piece(2, "llo")), "delta", piece(5, " world"));
    expect(shown(grown)).toBe("Hello world");
  });

  it("is behind when a piece is missing, and not any more once the row was read", () => {
    const gap = hear(streaming, "delta", piece(5, " world"));
    expect([shown(gap), gap.behind]).toEqual(["He", true]);
    const mended = read(gap, TALK, [question(), message({ status: "streaming", fence: 7, content: "Hello", updatedAt: at(2) })]);
    expect([shown(mended), mended.behind]).toEqual(["Hello world", false]);
  });

  it("is replaced by its row when it has ended, and nothing comes after that", () => {
    const grown = hear(streaming, "delta", piece(2, "llo"));
    const record = row({ status: "complete", fence: 7, content: "Hello.", updated_at: at(3), metadata: { finish_reason: "stop", supported: true } });
    const ended = hear(grown, "UPDATE", news(record));
    expect(shown(ended)).toBe("Hello.");
    expect(hear(ended, "delta", piece(6, "!!"))).toBe(ended);
    expect(ended.drafts.size).toBe(0);
  });

  it("starts over when a later attempt takes it", () => {
    const taken = hear(streaming, "UPDATE", news(row({ status: "streaming", fence: 9, content: "", updated_at: at(4) })));
    expect([shown(taken), taken.drafts.get("a1")?.restarts]).toEqual(["", 1]);
    expect(shown(hear(taken, "delta", piece(2, "late", 7)))).toBe("");
    expect(shown(hear(taken, "delta", piece(0, "New", 9)))).toBe("New");
  });

  it("keeps pieces whose answer is not known yet, and asks for the rows", () => {
    const early = hear(reading, "delta", piece(0, "Hel"));
    expect(early.behind).toBe(true);
    expect(shown(hear(early, "INSERT", news(row({ status: "streaming", fence: 7 }))))).toBe("Hel");
  });

  it("is not set back by a row that was read before", () => {
    const ended = hear(streaming, "UPDATE", news(row({ status: "complete", fence: 7, content: "Hello.", updated_at: at(3) })));
    const stale = read(ended, TALK, [question(), message({ status: "streaming", fence: 7, content: "Hel", updatedAt: at(2) })]);
    expect(stale.messages.get("a1")?.status).toBe("complete");
  });
});

describe("a conversation that is renamed", () => {
  const renamed = (id: string, title: string, updated_at: string) => ({ operation: "UPDATE", table: "conversations", record: { id, title, library_id: null, updated_at } });

  it("has its new name at once, never an older one or another's", () => {
    const thread = hear(streaming, "UPDATE", renamed(CONVERSATION, "Herons", at(5)));
    expect(thread.conversation?.title).toBe("Herons");
    expect(hear(thread, "UPDATE", renamed(CONVERSATION, "Old", at(4)))).toBe(thread);
    expect(hear(thread, "UPDATE", renamed("c2", "Other", at(6)))).toBe(thread);
  });
});

describe("two questions at once", () => {
  it("are answered in their order, in whatever order their rows came", () => {
    const rows = [message({ id: "a2", replyTo: "q2", position: 4 }), question({ id: "q2", position: 3 }), message({ status: "streaming" }), question()];
    expect(openAnswer(read(reading, TALK, rows))?.id).toBe("a1");
    expect(openAnswer(read(reading, TALK, rows.toReversed()))?.id).toBe("a1");
  });
});

describe("an answer that was stopped", () => {
  const heard = hear(streaming, "delta", piece(2, "llo world"));
  const stopped = hear(heard, "UPDATE", news(row({ status: "cancelled", fence: 7, content: "He", updated_at: at(1) })));

  it("keeps all words that were seen, although the row has fewer", () => {
    expect([shown(stopped), openAnswer(stopped)]).toEqual(["Hello world", null]);
  });

  it("takes the last words that were on their way, and settles with its row", () => {
    const more = hear(stopped, "delta", piece(11, "!"));
    expect(shown(more)).toBe("Hello world!");
    const verdict = { ...VERDICT, finishReason: "stopped" } as const;
    const settled = read(more, TALK, [question(), message({ status: "cancelled", fence: 7, content: "Hello world!", verdict, updatedAt: at(4) })]);
    const answer = settled.messages.get("a1");
    expect([shown(settled), answer && isUnsettled(answer)]).toEqual(["Hello world!", false]);
  });
});

describe("a question that is sent", () => {
  const sent = send(reading, "q9", "And now?");

  it("is shown at once, and becomes its row without being doubled", () => {
    expect(turns(sent).map((turn) => turn.key)).toEqual(["q9"]);
    const heard = hear(sent, "INSERT", news(row({ id: "q9", role: "user", status: "complete", reply_to: null, content: "And now?" })));
    const again = read(heard, TALK, [question({ id: "q9", content: "And now?" })]);
    for (const thread of [heard, again]) {
      expect(turns(thread).map((turn) => [turn.key, turn.outgoing])).toEqual([["q9", null]]);
    }
  });

  it("stays with what went wrong until it is sent again or put away", () => {
    const failed = sendingFailed(sent, "q9", { kind: "offline", message: "" });
    expect(failed.outgoing[0]?.failure?.kind).toBe("offline");
    expect(send(failed, "q9", "And now?").outgoing).toEqual([{ id: "q9", content: "And now?", failure: null }]);
    expect(discard(failed, "q9").outgoing).toEqual([]);
  });
});

describe("what takes the place of something", () => {
  const rows = [question(), message({ status: "complete", content: "One" }), question({ id: "q2", position: 3 }), message({ id: "a2", replyTo: "q2", position: 4, status: "complete" })];
  const whole = read(reading, TALK, rows);

  it("takes the place of all that followed as well", () => {
    const edited = hear(whole, "INSERT", news(row({ id: "q3", role: "user", reply_to: null, replaces: "q1", position: 5, content: "Else?" })));
    expect([...edited.messages.keys()]).toEqual(["q3"]);
  });

  it("is an answer that was asked for again", () => {
    const again = hear(whole, "INSERT", news(row({ id: "a3", reply_to: "q2", replaces: "a2", position: 5 })));
    expect(turns(again).map((turn) => turn.answer?.id)).toEqual(["a1", "a3"]);
  });

  it("is not undone by rows that were read before it", () => {
    const again = hear(whole, "INSERT", news(row({ id: "a3", reply_to: "q2", replaces: "a2", position: 5 })));
    expect(turns(read(again, TALK, rows)).map((turn) => turn.answer?.id)).toEqual(["a1", "a3"]);
  });

  it("is seen when only the rows tell of it", () => {
    const answered = message({ id: "a3", replyTo: "q2", replaces: "a2", position: 5 });
    expect(turns(read(whole, TALK, [...rows.slice(0, 3), answered])).map((turn) => turn.answer?.id)).toEqual(["a1", "a3"]);
  });
});

describe("feedback", () => {
  it("stays when a broadcast does not bring it along", () => {
    const rated = change(streaming, "a1", { feedback: { rating: 1, comment: null } });
    const heard = hear(rated, "UPDATE", news(row({ status: "complete", fence: 7, content: "Hello.", updated_at: at(3) })));
    expect(heard.messages.get("a1")?.feedback?.rating).toBe(1);
  });
});

describe("what cannot be understood", () => {
  it.each([
    ["delta", { offset: -1 }],
    ["delta", "no object"],
    ["UPDATE", news({ id: 7 })],
  ])("asks for the rows: %s", (event, payload) => {
    expect(hear(streaming, event, payload).behind).toBe(true);
  });

  it.each([["INSERT", news(row({ conversation_id: "another" }))], ["ring", {}]])("or is none of ours: %s", (event, payload) => {
    expect(hear(streaming, event, payload)).toBe(streaming);
  });
});

describe("any order of news", () => {
  it.each(Array.from({ length: 200 }, (_, seed) => seed))("ends with what the rows say (%i)", (seed) => {
    const random = new Random(seed);
    const text = Array.from({ length: 60 }, () => random.pick(["a", " ", "😀", "é", "\n"])).join("");
    const final = message({ status: "complete", fence: 9, content: text, verdict: VERDICT, updatedAt: at(30) });
    const heard = random.shuffle(course(text)).filter(() => random.chance(0.7));
    let thread = reading;
    for (const news of heard) {
      thread = news(thread);
      expect([text, "x".repeat(99)].some((whole) => whole.startsWith(shown(thread)))).toBe(true);
    }
    const ended = read(thread, TALK, [question(), final]);
    expect([shown(ended), ended.behind, ended.outgoing.length, turns(ended).length]).toEqual([text, false, 0, 1]);
  });

  /** Two attempts, the first of which wrote nothing but x. */
  function course(text: string): ((thread: Thread) => Thread)[] {
    const points = [...text];
    const streamingRow = (fence: number, content: string, second: number) =>
      row({ status: "streaming", fence, content, updated_at: at(second) });
    return [
      ...points.map((point, offset) => (thread: Thread) => hear(thread, "delta", { message_id: "a1", fence: 9, offset, text: point })),
      ...Array.from({ length: 20 }, (_, offset) => (thread: Thread) => hear(thread, "delta", { ...piece(offset, "x", 7) })),
      (thread) => hear(thread, "INSERT", news(row())),
      (thread) => hear(thread, "UPDATE", news(streamingRow(7, "xxx", 5))),
      (thread) => hear(thread, "UPDATE", news(streamingRow(9, points.slice(0, 20).join(""), 12))),
      (thread) => read(thread, TALK, [question(), asMessage(7, "xxxxx", 6)]),
      (thread) => read(thread, TALK, [question(), asMessage(9, points.slice(0, 30).join(""), 15)]),
    ];
  }

  function asMessage(fence: number, content: string, second: number): Message {
    return message({ status: "streaming", fence, content, updatedAt: at(second) });
  }
});

