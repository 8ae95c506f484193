import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { finishEarlierDeletions, GRACE_MS, useDeletions } from "./deletions";
import { keep, kept } from "./kept-deletions";
import { FakeDocuments } from "./testing/fake-documents";
import { useUploads } from "./uploads";

const DAY_MS = 24 * 60 * 60_000;
const REPORT = { id: "r", title: "report.pdf", person: "ana", library: "lib", objectName: "lib/report.pdf", version: 3 };

let rows: FakeDocuments;
vi.mock("@/lib/supabase/browser", () => ({ browserClient: () => Promise.resolve(rows) }));
vi.mock("./send-file", () => ({ sendFile: () => () => undefined }));

const course = { decided: vi.fn(), remains: vi.fn() };
const tell = vi.fn();
const { begin, undo } = useDeletions.getState();

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  localStorage.clear();
  rows = new FakeDocuments();
  rows.versions.set("r", 3);
});

afterEach(async () => {
  await vi.runAllTimersAsync();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const refuse = () => {
  throw new DOMException("full", "QuotaExceededError");
};
const timePasses = () => vi.advanceTimersByTimeAsync(GRACE_MS);

describe("a deletion", () => {
  it("hides at once, and deletes when its time has come", async () => {
    begin(REPORT, course);
    expect(useDeletions.getState().doomed).toEqual([REPORT]);
    await timePasses();
    expect([rows.versions.size, useDeletions.getState().doomed, kept()]).toEqual([0, [], []]);
    expect(course.remains).not.toHaveBeenCalled();
  });

  it("can be undone until then, and not after", async () => {
    begin(REPORT, course);
    expect(undo("r")).toBe(true);
    await timePasses();
    expect(rows.versions.has("r")).toBe(true);
    begin(REPORT, course);
    await timePasses();
    expect(undo("r")).toBe(false);
  });

  it("spares what has replaced the document since, and says so", async () => {
    begin(REPORT, course);
    rows.versions.set("r", 4);
    await timePasses();
    expect(rows.versions.get("r")).toBe(4);
    expect(course.remains).toHaveBeenCalledWith("changed");
  });

  it("says so when it fails", async () => {
    rows.reachable = false;
    begin(REPORT, course);
    await timePasses();
    expect(course.remains).toHaveBeenCalledWith("failed");
  });

  it("is off when the file is sent anew, even with the same bytes", async () => {
    begin(REPORT, course);
    useUploads.getState().add("lib", [new File(["same"], "report.pdf")]);
    expect(course.decided).toHaveBeenCalled();
    await timePasses();
    expect(rows.versions.has("r")).toBe(true);
  });

  it("is carried out at once when the page is left, by a request that outlives it", async () => {
    vi.stubGlobal("fetch", vi.fn(() => Promise.resolve(new Response())));
    begin(REPORT, course);
    window.dispatchEvent(new Event("pagehide"));
    await vi.advanceTimersByTimeAsync(0);
    expect([rows.versions.size, useDeletions.getState().doomed, kept()]).toEqual([0, [], []]);
    expect(course.decided).toHaveBeenCalled();
    await rows.fetch?.("http://127.0.0.1/", {});
    expect(fetch).toHaveBeenCalledWith("http://127.0.0.1/", { keepalive: true });
  });

  it("is left to the next visit when the page is left and the server cannot be reached", async () => {
    rows.reachable = false;
    begin(REPORT, course);
    await useDeletions.getState().hurry();
    expect(kept().map(({ id }) => id)).toEqual(["r"]);
  });

  it("works where the browser stores nothing", async () => {
    vi.stubGlobal("localStorage", { setItem: refuse, removeItem: refuse });
    begin(REPORT, course);
    await timePasses();
    expect(rows.versions.size).toBe(0);
  });
});

describe("a deletion of an earlier visit", () => {
  it("goes on, however long ago that was", async () => {
    keep({ ...REPORT, due: Date.now() - DAY_MS });
    await finishEarlierDeletions("ana", tell);
    expect([rows.versions.size, kept()]).toEqual([0, []]);
    expect(tell).not.toHaveBeenCalled();
  });

  it("is told of when the document remains", async () => {
    keep({ ...REPORT, version: 2, due: Date.now() - DAY_MS });
    await finishEarlierDeletions("ana", tell);
    expect(tell).toHaveBeenCalledWith("report.pdf", "changed");
    expect([rows.versions.size, kept()]).toEqual([1, []]);
  });

  it("waits for the person who asked for it", async () => {
    keep({ ...REPORT, due: Date.now() - DAY_MS });
    await finishEarlierDeletions("ben", tell);
    expect([rows.versions.size, kept().length]).toEqual([1, 1]);
  });

  it("is left to the tab that is at it, and survives what this one deletes", async () => {
    keep({ ...REPORT, id: "other", due: Date.now() + GRACE_MS });
    begin(REPORT, course);
    await finishEarlierDeletions("ana", tell);
    await timePasses();
    expect(kept().map(({ id }) => id)).toEqual(["other"]);
  });

  it("is off when the file is sent anew", async () => {
    keep({ ...REPORT, due: Date.now() - 1 });
    useUploads.getState().add("lib", [new File(["same"], "report.pdf")]);
    expect(kept()).toEqual([]);
  });
});
