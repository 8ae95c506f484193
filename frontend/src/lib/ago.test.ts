import { describe, expect, it } from "vitest";
import { ago, span } from "./ago";

const NOW = Date.parse("2026-05-10T12:00:00Z");
const before = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

describe("ago", () => {
  it.each([
    [0, "now"],
    [-30, "now"],
    [50, "50 seconds ago"],
    [150, "2 minutes ago"],
    [7_300, "2 hours ago"],
    [90_000, "yesterday"],
    [86_400 * 20, "2 weeks ago"],
    [86_400 * 800, "2 years ago"],
  ])("%i seconds: %s", (seconds, expected) => {
    expect(ago(before(seconds), NOW)).toBe(expected);
  });
});

describe("span", () => {
  it.each([
    [12.4, "12 s"],
    [120, "2 min"],
    [7_200, "2 h"],
    [400_000, "5 d"],
  ])("%d", (seconds, expected) => {
    expect(span(seconds)).toBe(expected);
  });
});
