import { describe, expect, it } from "vitest";
import { text } from "@/text/en";
import { explainRefusal } from "./refusal";

describe("explainRefusal", () => {
  it.each([
    [{ code: "invalid_credentials", status: 400, message: "Invalid login credentials" }, text.auth.wrong],
    [{ status: 429, message: "slow down" }, text.auth.tooOften],
    [{ name: "AuthRetryableFetchError", status: 0, message: "fetch failed" }, text.auth.unreachable],
    [{ status: 503, message: "" }, text.auth.unreachable],
    [{ status: 422, message: "no such thing" }, text.auth.failed("no such thing")],
  ])("%o", (error, expected) => {
    expect(explainRefusal(error)).toBe(expected);
  });
});
