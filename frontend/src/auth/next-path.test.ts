import { describe, expect, it } from "vitest";
import { nextPath } from "./next-path";

describe("nextPath", () => {
  it("goes back to a page of the application", () => {
    expect(nextPath("/documents?library=1")).toBe("/documents?library=1");
  });

  it.each(["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "", null, ["/a", "/b"]])(
    "never leads elsewhere: %j",
    (wanted) => {
      expect(nextPath(wanted)).toBe("/chat");
    },
  );
});
