import { describe, expect, it } from "vitest";
import { storableName } from "./object-name";

describe("storableName", () => {
  it("leaves a plain name alone", async () => {
    expect(await storableName("Annual report (2).pdf")).toBe("Annual report (2).pdf");
  });

  it("makes what the command line makes of other names", async () => {
    expect(await storableName("Übersicht.pdf")).toBe("Ubersicht-f84625b0.pdf");
  });

  it("keeps different names apart", async () => {
    expect(await storableName("報告.pdf")).not.toBe(await storableName("告報.pdf"));
  });

  it("cannot leave the library's folder", async () => {
    expect(await storableName("../a/b.txt")).not.toContain("/");
  });
});
