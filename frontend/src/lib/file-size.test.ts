import { describe, expect, it } from "vitest";
import { fileSize } from "./file-size";

describe("fileSize", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1 KB"],
    [1536, "1.5 KB"],
    [1024 * 1024 - 1, "1 MB"],
    [50 * 1024 * 1024, "50 MB"],
    [20 * 1024 ** 3, "20 GB"],
  ])("%i is %s", (bytes, expected) => {
    expect(fileSize(bytes)).toBe(expected);
  });
});
