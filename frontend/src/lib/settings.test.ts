import { describe, expect, it } from "vitest";
import { readSettings } from "./settings";

const URL = "https://project.supabase.co";
const jwt = (role: string) => `e30.${btoa(JSON.stringify({ role }))}.x`;

describe("readSettings", () => {
  it("names everything that is missing at once", () => {
    expect(() => readSettings({})).toThrow(/NEXT_PUBLIC_SUPABASE_URL is missing[^]*PUBLISHABLE_KEY[^]*is missing/);
  });

  it("takes either name of the key, and drops the slash of the address", () => {
    const expected = { supabaseUrl: URL, supabaseKey: "sb_publishable_x" };
    expect(readSettings({ NEXT_PUBLIC_SUPABASE_URL: `${URL}/`, NEXT_PUBLIC_SUPABASE_ANON_KEY: "sb_publishable_x" })).toEqual(expected);
    expect(
      readSettings({ NEXT_PUBLIC_SUPABASE_URL: URL, NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY: " sb_publishable_x " }),
    ).toEqual(expected);
  });

  it.each(["sb_secret_abc", jwt("service_role")])("refuses a secret key: %s", (key) => {
    expect(() => readSettings({ NEXT_PUBLIC_SUPABASE_URL: URL, NEXT_PUBLIC_SUPABASE_ANON_KEY: key })).toThrow(/secret key/);
  });

  it("takes a legacy anon key", () => {
    expect(readSettings({ NEXT_PUBLIC_SUPABASE_URL: URL, NEXT_PUBLIC_SUPABASE_ANON_KEY: jwt("anon") }).supabaseKey).toBe(jwt("anon"));
  });

  it("says that an address is none", () => {
    expect(() => readSettings({ NEXT_PUBLIC_SUPABASE_URL: "project", NEXT_PUBLIC_SUPABASE_ANON_KEY: "k" })).toThrow(
      /not an http\(s\) address: "project"/,
    );
  });
});
