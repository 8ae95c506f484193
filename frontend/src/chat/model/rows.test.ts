// @vitest-environment node
import { describe, expect, it } from "vitest";
import { row } from "../testing/make";
import { readDelta, readMessage } from "./rows";

const CITATION = { message_id: "a1", marker: 2, title: "Report.pdf", status: "vanished", page: null, quote: "So.", char_start: 4, char_end: 7, chunk_id: null, document_id: null };

describe("readMessage", () => {
  it("reads what the Data API gives, its citations in order", () => {
    const found = readMessage(row({ citations: [CITATION, { ...CITATION, marker: 1 }], feedback: [{ rating: -1, comment: "No." }] }));
    expect(found?.citations.map((each) => each.marker)).toEqual([1, 2]);
    expect(found?.feedback).toEqual({ rating: -1, comment: "No." });
  });

  it("knows of no feedback where none could come along", () => {
    expect(readMessage(row())?.feedback).toBeUndefined();
    expect(readMessage(row({ feedback: [] }))?.feedback).toBeNull();
  });

  it("reads the verdict with its doubts, and leaves out what is none", () => {
    const metadata = { finish_reason: "stop", refused: false, supported: false, doubts: [{ start: 1, end: 5, reason: "number" }, { start: 9, end: 2 }] };
    expect(readMessage(row({ metadata }))?.verdict).toMatchObject({ supported: false, doubts: [{ start: 1, end: 5, reason: "number" }] });
    expect(readMessage(row())?.verdict).toBeNull();
  });

  it.each([{ id: 5 }, { role: "system" }, { status: "odd" }, { position: "2" }, { conversation_id: null }])("refuses a row that is none: %o", (changes) => {
    expect(readMessage(row(changes))).toBeNull();
  });
});

describe("readDelta", () => {
  it.each([{}, null, { message_id: "a", fence: 1, offset: 0.5, text: "" }, { message_id: "a", fence: 1, offset: 0, text: 7 }])("refuses %o", (value) => {
    expect(readDelta(value)).toBeNull();
  });
});
