import { afterEach, describe, expect, it, vi } from "vitest";
import { storableName } from "./object-name";

afterEach(() => void vi.unstubAllGlobals());

describe("storableName", () => {
  it("leaves a plain name alone", () => {
    expect(storableName("Annual report (2).pdf")).toBe("Annual report (2).pdf");
  });

  it("makes what the command line makes of other names", () => {
    expect(storableName("Übersicht.pdf")).toBe("Ubersicht-f84625b0.pdf");
  });

  it("keeps different names apart", () => {
    expect(storableName("報告.pdf")).not.toBe(storableName("告報.pdf"));
  });

  it("cannot leave the library's folder", () => {
    expect(storableName("../a/b.txt")).not.toContain("/");
  });

  it("needs nothing that only secure pages have", () => {
    vi.stubGlobal("crypto", {});
    expect(storableName("Übersicht.pdf")).toBe("Ubersicht-f84625b0.pdf");
  });
});
