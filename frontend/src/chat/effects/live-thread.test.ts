import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Listener } from "@/lib/subscribe";
import { isShowable } from "../model/thread";
import { turns } from "../model/turns";
import { FakeApi } from "../testing/fake-api";
import { CONVERSATION, message, question } from "../testing/make";
import { BLANK, draftsOf } from "@/lib/drafts";
import { LiveThread, type Start } from "./live-thread";

const OFFLINE = { kind: "offline", message: "" } as const;
const SIGNED_OUT = { kind: "signed_out", message: "" } as const;

const drafts = draftsOf("p1");

function made(start: Start = "new") {
  const api = new FakeApi();
  const listeners = new Set<Listener>();
  const ofPerson = new Set<Listener>();
  let number = 0;
  const subscribe = (topic: string, listener: Listener) => {
    const all = topic === "person:p1" ? ofPerson : listeners;
    all.add(listener);
    return () => all.delete(listener);
  };
  const live = new LiveThread(CONVERSATION, start, { person: "p1", api, drafts, subscribe, newId: () => `q${(number += 1)}` });
  return { api, listeners, ofPerson, live };
}

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

describe("a conversation whose end came with its page", () => {
  const conversation = { id: CONVERSATION, title: "Talk", libraryId: null, updatedAt: "" };
  const latest = { conversation, messages: [question({ id: "q9", position: 9 })] };

  it("is shown before anything was read, and then read as a whole", async () => {
    const { api, live } = made(latest);
    expect(live.store.getState()).toMatchObject({ presence: "reading", conversation: { title: "Talk" } });
    expect(isShowable(live.store.getState())).toBe(true);
    api.begun = true;
    api.messages = [question({ id: "q1", position: 1 }), ...latest.messages];
    live.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(live.store.getState().presence).toBe("here");
    expect(turns(live.store.getState()).map((turn) => turn.key)).toEqual(["q1", "q9"]);
  });

  it("stays in sight when it cannot be read, and goes when it is gone", async () => {
    const { api, live } = made(latest);
    api.failures.set("read", [OFFLINE]);
    live.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(isShowable(live.store.getState())).toBe(true);
    await live.readRows();
    expect(live.store.getState().presence).toBe("missing");
    expect(isShowable(live.store.getState())).toBe(false);
  });
});

describe("a question", () => {
  it("makes the conversation that it begins, and is shown before anything came back", async () => {
    const { api, live } = made();
    live.open();
    const asking = live.ask("Why?");
    expect(turns(live.store.getState())[0]?.outgoing?.content).toBe("Why?");
    await asking;
    expect(api.calls.filter((call) => call !== "read")).toEqual(["start", "ask"]);
    expect(live.store.getState()).toMatchObject({ presence: "here", outgoing: [] });
    expect(turns(live.store.getState())[0]?.answer?.id).toBe("answer of q1");
  });

  it("is one, also when its reply was lost and it is sent again", async () => {
    const { api, live } = made();
    live.open();
    api.losesReply = true;
    await live.ask("Why?");
    expect(live.store.getState().outgoing[0]?.failure?.kind).toBe("offline");
    await live.resend("q1");
    expect([...api.asked.keys()]).toEqual(["q1"]);
    expect(turns(live.store.getState()).map((turn) => turn.key)).toEqual(["q1"]);
  });

  it("is sent when the connection is back", async () => {
    const { api, live, ofPerson } = made();
    live.open();
    await live.ask("First?");
    api.failures.set("ask", [OFFLINE]);
    await live.ask("Second?");
    expect(api.asked.size).toBe(1);
    for (const listener of ofPerson) listener.catchUp();
    await vi.waitFor(() => expect(api.asked.size).toBe(2));
  });

  it("is sent when the connection is back, also when it begins the conversation", async () => {
    const { api, live, ofPerson } = made();
    const close = live.open();
    api.failures.set("start", [OFFLINE]);
    await live.ask("First?");
    expect(api.asked.size).toBe(0);
    for (const listener of ofPerson) listener.catchUp();
    await vi.waitFor(() => expect(live.store.getState()).toMatchObject({ presence: "here", outgoing: [] }));
    expect([...api.asked.values()]).toEqual(["First?"]);
    close();
    expect(ofPerson.size).toBe(0);
  });

  it("waits for the one before it", async () => {
    const { api, live } = made();
    live.open();
    await Promise.all([live.ask("One?"), live.ask("Two?")]);
    expect([...api.asked.values()]).toEqual(["One?", "Two?"]);
  });

  it("returns to the box when the session is over", async () => {
    const { api, live } = made();
    live.open();
    api.failures.set("start", [SIGNED_OUT]);
    await live.ask("A long question");
    expect(live.store.getState().outgoing).toEqual([]);
    expect(live.box.getState()).toMatchObject({ text: "A long question", isSignedOut: true });
    expect(drafts.load(BLANK)).toBe("A long question");
  });
});

describe("what was typed", () => {
  it("is there again after a reload", () => {
    made(null).live.write("half a ques");
    const { live } = made(null);
    live.open();
    expect(live.box.getState().text).toBe("half a ques");
  });

  it("before the page had come to life is added to what was kept", () => {
    made(null).live.write("half a ques");
    const { live } = made(null);
    live.open("x");
    expect([live.box.getState().text, drafts.load(CONVERSATION)]).toEqual(["half a ques\n\nx", "half a ques\n\nx"]);
  });

  it("is kept until it has arrived", async () => {
    const { api, live } = made();
    live.open();
    api.failures.set("start", [OFFLINE]);
    await live.ask("Why?");
    live.write("and");
    expect(drafts.load(BLANK)).toBe("Why?\n\nand");
    await live.resend("q1");
    expect([drafts.load(BLANK), drafts.load(CONVERSATION)]).toEqual(["", "and"]);
  });

  it("stays in the next new chat when a question of the one before arrives late", async () => {
    const { live } = made();
    const close = live.open();
    const asking = live.ask("Why?");
    close();
    const next = made().live;
    next.open();
    expect([next.box.getState().text, drafts.load(CONVERSATION)]).toEqual(["", "Why?"]);
    next.write("foo");
    await asking;
    expect([drafts.load(BLANK), drafts.load(CONVERSATION)]).toEqual(["foo", ""]);
  });

  it("waits in the next new chat when it was not sent from the one that was left", async () => {
    const { api, live } = made();
    const close = live.open();
    api.failures.set("start", [OFFLINE]);
    const asking = live.ask("Why?");
    live.write("foo");
    close();
    expect([drafts.load(BLANK), drafts.load(CONVERSATION)]).toEqual(["foo", "Why?"]);
    await asking;
    expect([drafts.load(BLANK), drafts.load(CONVERSATION)]).toEqual(["Why?\n\nfoo", ""]);
  });

  it("in another tab is not thrown away by what this one could not send", async () => {
    const { api, live } = made();
    live.open();
    api.failures.set("start", [OFFLINE]);
    const asking = live.ask("Why?");
    drafts.save(BLANK, "typed in another tab");
    await asking;
    expect(drafts.load(BLANK)).toBe("typed in another tab");
  });

  it("stays in the box when a suggested question is put", async () => {
    const { live } = made();
    live.open();
    live.write("half a ques");
    await live.ask("Why?");
    expect([live.box.getState().text, drafts.load(CONVERSATION)]).toEqual(["half a ques", "half a ques"]);
    live.write(" How? ");
    await live.ask("How?");
    expect(live.box.getState().text).toBe("");
  });

  it("in another tab is not thrown away by what this one sends", async () => {
    const { live } = made();
    live.open();
    const asking = live.ask("Why?");
    drafts.save(BLANK, "typed in another tab");
    await asking;
    expect(drafts.load(BLANK)).toBe("typed in another tab");
  });
});

describe("a conversation that is open", () => {
  it("mends a gap from the row", async () => {
    const { api, live, listeners } = made(null);
    api.begun = true;
    api.messages = [question(), message({ status: "streaming", fence: 7 })];
    live.open();
    await vi.advanceTimersByTimeAsync(0);
    api.messages = [question(), message({ status: "streaming", fence: 7, content: "Hello", updatedAt: "2026-11-22T10:00:05+00:00" })];
    const payload = { message_id: "a1", fence: 7, offset: 5, text: " world" };
    for (const listener of listeners) listener.hear({ event: "delta", payload });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(live.store.getState().drafts.get("a1")?.text).toBe("Hello world");
  });

  it("reads the rows when an answer falls silent", async () => {
    const { api, live } = made(null);
    api.begun = true;
    api.messages = [question(), message({ status: "pending" })];
    live.open();
    await vi.advanceTimersByTimeAsync(0);
    const before = api.calls.length;
    await vi.advanceTimersByTimeAsync(3_100);
    expect(api.calls.length).toBe(before + 1);
  });

  it("reads again after a join, though a reading hangs, and takes nothing older from that", async () => {
    const { api, live, listeners } = made(null);
    api.begun = true;
    api.messages = [question(), message({ status: "complete" })];
    let arrive = (): void => undefined;
    const nothing = { value: null, failure: null };
    vi.spyOn(api, "read").mockImplementationOnce(() => new Promise((resolve) => (arrive = () => resolve(nothing))));
    live.open();
    for (const listener of listeners) listener.catchUp();
    await vi.advanceTimersByTimeAsync(0);
    expect(live.store.getState()).toMatchObject({ presence: "here" });
    arrive();
    await vi.advanceTimersByTimeAsync(0);
    expect([live.store.getState().presence, live.store.getState().messages.size]).toEqual(["here", 2]);
  });

  it("takes its new name from the person's topic", async () => {
    const { api, live, ofPerson } = made(null);
    api.begun = true;
    live.open();
    await vi.advanceTimersByTimeAsync(0);
    const payload = { operation: "UPDATE", table: "conversations", record: { id: CONVERSATION, title: "Herons", updated_at: "2026-11-22T10:00:00+00:00" } };
    for (const listener of ofPerson) listener.hear({ event: "UPDATE", payload });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(live.store.getState().conversation?.title).toBe("Herons");
  });

  it("asks nobody once all has ended, and once nobody looks", async () => {
    const { api, live, listeners } = made(null);
    api.begun = true;
    api.messages = [question(), message({ status: "complete" })];
    const close = live.open();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(api.calls).toEqual(["read"]);
    close();
    expect(listeners.size).toBe(0);
  });

  it("leaves a topic that is nobody's", async () => {
    const { live, listeners } = made(null);
    live.open();
    await vi.advanceTimersByTimeAsync(0);
    expect([live.store.getState().presence, listeners.size]).toEqual(["missing", 0]);
  });

  it("tries again, ever more slowly, while the server does not answer", async () => {
    const { api, live } = made(null);
    api.begun = true;
    api.failures.set("read", [OFFLINE, OFFLINE]);
    live.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(live.store.getState().presence).toBe("unreachable");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(live.store.getState().presence).toBe("here");
  });
});

describe("feedback", () => {
  it("is shown at once, and taken back when it could not be saved", async () => {
    const { api, live } = made(null);
    api.begun = true;
    api.messages = [question(), message({ status: "complete" })];
    live.open();
    await vi.advanceTimersByTimeAsync(0);
    api.failures.set("rate", [OFFLINE]);
    const rating = live.rate("a1", { rating: 1, comment: null });
    expect(live.store.getState().messages.get("a1")?.feedback?.rating).toBe(1);
    await rating;
    expect(live.store.getState().messages.get("a1")?.feedback).toBeNull();
  });
});
