import { beforeEach, describe, expect, it } from "vitest";
import { BLANK, draftsOf } from "./drafts";

describe("drafts", () => {
  beforeEach(() => localStorage.clear());

  it("are kept for each conversation, blank ones too", () => {
    const drafts = draftsOf("p1");
    drafts.save("c1", "half a");
    drafts.save(BLANK, "new");
    expect([drafts.load("c1"), drafts.load(BLANK), drafts.load("c2")]).toEqual(["half a", "new", ""]);
    drafts.save("c1", " ");
    expect(drafts.load("c1")).toBe("");
  });

  it("are not another person's", () => {
    draftsOf("p1").save("c1", "secret");
    expect(draftsOf("p2").load("c1")).toBe("");
  });

  it("do not fill the storage", () => {
    const drafts = draftsOf("p1");
    for (let number = 0; number < 80; number += 1) drafts.save(`c${number}`, "text");
    expect(localStorage.length).toBeLessThanOrEqual(50);
    expect(drafts.load("c79")).toBe("text");
  });
});
