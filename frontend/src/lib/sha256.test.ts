// @vitest-environment node
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { sha256 } from "./sha256";

it.each([0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 900, 4_000])("digests %d bytes as everybody does", (length) => {
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) % 256);
  expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
});
