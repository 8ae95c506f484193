import { describe, expect, it } from "vitest";
import { contentSecurityPolicy, storageHost } from "./csp";

describe("contentSecurityPolicy", () => {
  const policy = contentSecurityPolicy("abc", "https://abcd.supabase.co", false);

  it("runs no script without the nonce", () => {
    const scripts = policy.split("; ").find((rule) => rule.startsWith("script-src"));
    expect(scripts).toBe("script-src 'self' 'nonce-abc' 'strict-dynamic'");
  });

  it("lets the page talk to the project, its socket and its storage, and to nobody else", () => {
    expect(policy).toContain(
      "connect-src 'self' https://abcd.supabase.co wss://abcd.supabase.co https://abcd.storage.supabase.co;",
    );
  });

  it("shows nothing but what it was served with: no pictures of others, nothing in a frame", () => {
    expect(policy).toContain("default-src 'self';");
    expect(policy).toContain("frame-src 'none';");
    expect(policy).not.toMatch(/img-src|blob:|data:/);
  });

  it("cannot be framed", () => {
    expect(policy).toContain("frame-ancestors 'none'");
  });
});

describe("storageHost", () => {
  it("is none for a project that is not hosted", () => {
    expect(storageHost("http://127.0.0.1:54321")).toBe("");
  });
});
