import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Course, Parcel } from "./send-file";
import { FakeDocuments } from "./testing/fake-documents";
import { useUploads } from "./uploads";

interface Sending extends Course {
  file: File;
  stop: () => void;
}

const sendings: Sending[] = [];
const browserClient = vi.hoisted(() => vi.fn());

vi.mock("@/lib/supabase/browser", () => ({ browserClient }));
vi.mock("./send-file", () => ({
  sendFile: ({ file }: Parcel, course: Course) => {
    const stop = vi.fn();
    sendings.push({ ...course, file, stop });
    return stop;
  },
}));

beforeEach(() => {
  sendings.length = 0;
  browserClient.mockReset().mockResolvedValue(new FakeDocuments());
  useUploads.setState({ uploads: [] });
});

const file = (content: string, lastModified = 1) => new File([content], "report.pdf", { lastModified });
const drop = (...files: File[]) => useUploads.getState().add("lib", files);
const underWay = () => useUploads.getState().uploads.map((each) => each.file);
const passed = () => new Promise((resolve) => setTimeout(resolve));

describe("a file whose name is on its way already", () => {
  it("goes on as it is when it is the same", () => {
    drop(file("same"));
    drop(file("same"));
    expect([sendings.length, underWay().length]).toEqual([1, 1]);
  });

  it("takes the place of another one, which is sent no further", async () => {
    const [older, newer] = [file("older"), file("the newer one")];
    drop(older);
    drop(newer);
    await passed();
    expect(sendings[0]?.stop).toHaveBeenCalledOnce();
    expect(underWay()).toEqual([newer]);
  });

  it("stays when the other one arrives or fails all the same", async () => {
    const newer = file("the newer one");
    drop(file("older"));
    drop(newer);
    sendings[0]?.progress(0.9);
    sendings[0]?.failed("gone");
    sendings[0]?.arrived();
    await passed();
    expect(useUploads.getState().uploads).toMatchObject([{ file: newer, state: "sending", share: 0 }]);
  });

  it("is taken up where it ended after a failure", async () => {
    drop(file("same"));
    sendings[0]?.failed("The connection was lost.");
    drop(file("same"));
    await passed();
    expect(sendings).toHaveLength(2);
    expect(sendings[0]?.stop).not.toHaveBeenCalled();
  });

  it("is sent once when a drop holds two", () => {
    const second = file("second", 2);
    drop(file("first"), second);
    expect(sendings.map((each) => each.file)).toEqual([second]);
  });
});

describe("a file that is stopped", () => {
  it("stops at once, and changes no document when it has arrived all the same", () => {
    drop(file("unwanted"));
    useUploads.getState().cancel("lib/report.pdf");
    expect(sendings[0]?.stop).toHaveBeenCalledOnce();
    sendings[0]?.arrived();
    expect(underWay()).toEqual([]);
    expect(browserClient).not.toHaveBeenCalled();
  });
});
