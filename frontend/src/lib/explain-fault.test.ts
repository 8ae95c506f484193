import { describe, expect, it } from "vitest";
import { text } from "@/text/en";
import { explainFault } from "./explain-fault";

describe("explainFault", () => {
  it("passes on what was written for people, with the way out", () => {
    expect(explainFault({ code: "42501", message: "The library holds 5 of at most 5 documents.", hint: "Delete some." })).toBe(
      "The library holds 5 of at most 5 documents. Delete some.",
    );
  });

  it("keeps what was written for programmers to itself", () => {
    expect(explainFault({ code: "42501", message: 'new row violates row-level security policy for table "x"' })).toBe(text.errors.unknown);
    expect(explainFault({ code: "23505", message: "duplicate key" })).toBe(text.errors.unknown);
  });

  it("tells a lost connection from a refusal", () => {
    expect(explainFault({ message: "TypeError: Failed to fetch" })).toBe(text.errors.network);
  });
});
