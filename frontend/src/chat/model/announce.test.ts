// @vitest-environment node
import { describe, expect, it } from "vitest";
import { CONVERSATION, message } from "../testing/make";
import { announce, type Announcement, EVERY_MS, followed, NOTHING_SAID, type Said } from "./announce";
import type { Message } from "./rows";
import { emptyThread } from "./thread";

const VERDICT = { finishReason: "stop", refused: false, supported: true, unread: 0, replayed: false, doubts: [] } as const;

function told(...states: [Message, string, number][]): (Announcement | null)[] {
  let said: Said = NOTHING_SAID;
  return states.map(([answer, text, now]) => {
    const [next, news] = announce(said, answer, text, now);
    said = next;
    return news;
  });
}

describe("announce", () => {
  const pending = message({ status: "streaming" });

  it("tells the beginning, growth now and then, and the end", () => {
    const complete = message({ status: "complete", verdict: VERDICT });
    expect(told([pending, "", 0], [pending, "a few words", 100], [pending, "a few words more", EVERY_MS + 1], [complete, "all", EVERY_MS + 9])).toEqual([
      { kind: "begun" },
      null,
      { kind: "growing", words: 4 },
      { kind: "ready", sources: 0 },
    ]);
  });

  it("says nothing of an answer that had ended before", () => {
    expect(told([message({ status: "complete", verdict: VERDICT }), "all", 0])).toEqual([null]);
  });

  it("tells how it ended", () => {
    const ends = [
      message({ status: "complete", verdict: { ...VERDICT, refused: true } }),
      message({ status: "cancelled" }),
      message({ status: "failed", errorMessage: "The model rests." }),
    ];
    expect(ends.map((end) => told([pending, "", 0], [end, "", 1])[1])).toEqual([{ kind: "refused" }, { kind: "stopped" }, { kind: "failed", message: "The model rests." }]);
  });

  it("begins anew with the next answer", () => {
    const next = message({ id: "a2", status: "pending" });
    expect(told([pending, "", 0], [message({ status: "cancelled" }), "", 1], [next, "", 2])[2]).toEqual({ kind: "begun" });
  });

  it("tells of one answer to its end, and only then of the one that waited", () => {
    const waiting = message({ id: "a2", replyTo: "q2", position: 4 });
    let said: Said = NOTHING_SAID;
    const tell = (...answers: Message[]) => {
      const thread = { ...emptyThread(CONVERSATION, "reading"), messages: new Map(answers.map((each) => [each.id, each])) };
      const answer = followed(said, thread);
      if (answer === null) return null;
      const [next, news] = announce(said, answer, "", 0);
      said = next;
      return news && [answer.id, news.kind];
    };
    const ended = message({ status: "complete", verdict: VERDICT });
    expect(tell(waiting, pending)).toEqual(["a1", "begun"]);
    expect(tell(waiting, ended)).toEqual(["a1", "ready"]);
    expect(tell(waiting, ended)).toEqual(["a2", "begun"]);
    expect(tell(ended)).toBeNull();
  });
});
