import { describe, expect, it } from "vitest";
import { LARGEST_BYTES } from "./bucket";
import { faultOf, sortFiles } from "./accept-files";

describe("faultOf", () => {
  it("takes a file up to the limit", () => {
    expect(faultOf({ name: "a.pdf", size: LARGEST_BYTES })).toBeNull();
  });

  it("names the file and the limit", () => {
    expect(faultOf({ name: "a.pdf", size: LARGEST_BYTES + 1 })).toBe("“a.pdf” is larger than 50 MB.");
  });

  it("refuses an empty file, which Storage would take", () => {
    expect(faultOf({ name: "a.txt", size: 0 })).toBe("“a.txt” is empty.");
  });
});

describe("sortFiles", () => {
  it("takes the good ones of a drop, and says why the others stay", () => {
    const { accepted, refused } = sortFiles([new File(["x"], "good.txt"), new File([], "empty.txt")]);
    expect(accepted.map((file) => file.name)).toEqual(["good.txt"]);
    expect(refused).toEqual(["“empty.txt” is empty."]);
  });
});
