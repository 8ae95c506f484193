import { beforeEach, expect, it, vi } from "vitest";
import { sendFile } from "./send-file";

interface Options {
  onBeforeRequest: (request: { getMethod: () => string; setHeader: () => void }) => Promise<void>;
}

const tus = vi.hoisted(() => ({
  options: [] as unknown[],
  start: vi.fn<() => void>(),
  abort: vi.fn<(terminate: boolean) => Promise<void>>(),
  findPreviousUploads: vi.fn<() => Promise<never[]>>(),
}));

vi.mock("@/lib/supabase/browser", () => ({ browserClient: () => Promise.resolve({ auth: { getSession: () => Promise.resolve({ data: {} }) } }) }));
vi.mock("tus-js-client", () => ({
  Upload: class {
    start = tus.start;
    abort = tus.abort;
    findPreviousUploads = tus.findPreviousUploads;
    constructor(_: File, options: Options) {
      tus.options.push(options);
    }
  },
}));

const course = { progress: vi.fn(), arrived: vi.fn(), failed: vi.fn() };
const send = () => sendFile({ file: new File(["rain"], "rain.txt"), objectName: "lib/rain.txt" }, course);
const request = (method: string) => ({ getMethod: () => method, setHeader: vi.fn() });

beforeEach(() => {
  vi.clearAllMocks();
  tus.options.length = 0;
  tus.findPreviousUploads.mockResolvedValue([]);
  tus.abort.mockRejectedValue(new Error("tus: failed to terminate upload"));
  Object.assign(document.documentElement.dataset, { supabaseUrl: "http://127.0.0.1:54321", supabaseKey: "key" });
});

it("sends", async () => {
  send();
  await vi.waitFor(() => expect(tus.start).toHaveBeenCalled());
});

it("sends nothing that was stopped while the uploader was loading, and minds no refusal to end it", async () => {
  send()();
  await vi.waitFor(() => expect(tus.abort).toHaveBeenCalledWith(true));
  expect(tus.start).not.toHaveBeenCalled();
  expect(course.failed).not.toHaveBeenCalled();
});

it("stops a request that waits for its token, and not the one that ends the upload", async () => {
  const stop = send();
  await vi.waitFor(() => expect(tus.start).toHaveBeenCalled());
  stop();
  const [{ onBeforeRequest }] = tus.options as [Options];
  await expect(onBeforeRequest(request("POST"))).rejects.toThrow();
  await expect(onBeforeRequest(request("DELETE"))).resolves.toBeUndefined();
});

it("says so when it cannot begin", async () => {
  tus.findPreviousUploads.mockRejectedValue(new Error("no storage"));
  send();
  await vi.waitFor(() => expect(course.failed).toHaveBeenCalled());
});
