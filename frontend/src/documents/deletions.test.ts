import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { finishEarlierDeletions, GRACE_MS, useDeletions } from "./deletions";
import { keep, kept } from "./kept-deletions";
import { FakeDocuments } from "./testing/fake-documents";
import { useUploads } from "./uploads";

const HOUR_MS = 60 * 60_000;
const REPORT = { id: "r", library: "lib", objectName: "lib/report.pdf", version: 3 };

let rows: FakeDocuments;
vi.mock("@/lib/supabase/browser", () => ({ browserClient: () => Promise.resolve(rows) }));
vi.mock("./send-file", () => ({ sendFile: () => () => undefined }));

const course = { decided: vi.fn(), remains: vi.fn() };
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

  it("works where the browser stores nothing", async () => {
    vi.stubGlobal("localStorage", { setItem: refuse, removeItem: refuse });
    begin(REPORT, course);
    await timePasses();
    expect(rows.versions.size).toBe(0);
  });
});

describe("a deletion of an earlier visit", () => {
  it("goes on", async () => {
    keep({ ...REPORT, due: Date.now() - 2 * GRACE_MS });
    await finishEarlierDeletions();
    expect([rows.versions.size, kept()]).toEqual([0, []]);
  });

  it("is dropped when that is long ago", async () => {
    keep({ ...REPORT, due: Date.now() - HOUR_MS });
    await finishEarlierDeletions();
    expect([rows.versions.size, kept()]).toEqual([1, []]);
  });

  it("is left to the tab that is at it, and survives what this one deletes", async () => {
    keep({ ...REPORT, id: "other", due: Date.now() + GRACE_MS });
    begin(REPORT, course);
    await finishEarlierDeletions();
    await timePasses();
    expect(kept().map(({ id }) => id)).toEqual(["other"]);
  });

  it("is off when the file is sent anew", async () => {
    keep({ ...REPORT, due: Date.now() - 1 });
    useUploads.getState().add("lib", [new File(["same"], "report.pdf")]);
    expect(kept()).toEqual([]);
  });
});
