import { createClient } from "@supabase/supabase-js";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { row } from "../testing/make";
import { dataApi } from "./api";

type Answer = [status: number, body: unknown] | Error;

const requests: string[] = [];
let answers: Answer[] = [];

async function answerOnce(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  requests.push(`${init?.method ?? "GET"} ${decodeURIComponent(String(input)).replace("http://project/rest/v1/", "")}`);
  const answer = answers.shift() ?? [200, []];
  if (answer instanceof Error) throw answer;
  return new Response(answer[1] === null ? null : JSON.stringify(answer[1]), { status: answer[0] });
}

vi.mock("@/lib/supabase/browser", () => ({
  browserClient: async () => createClient("http://project", "key", { global: { fetch: answerOnce }, auth: { persistSession: false } }),
}));

beforeEach(() => {
  requests.length = 0;
  answers = [];
});

describe("ask", () => {
  it("takes a row that is there already for its own, whose reply was lost", async () => {
    answers = [[409, { code: "23505", message: "duplicate key value violates unique constraint" }]];
    expect(await dataApi.ask("c", "q", "Why?")).toBeNull();
  });

  it("knows that the session is over, and that nobody answers", async () => {
    answers = [[401, { code: "PGRST303", message: "JWT expired" }]];
    expect((await dataApi.ask("c", "q", "Why?"))?.kind).toBe("signed_out");
    answers = [new TypeError("Failed to fetch")];
    expect((await dataApi.ask("c", "q", "Why?"))?.kind).toBe("offline");
  });
});

describe("read", () => {
  it("asks for the messages that count, the last first, and knows when there is no conversation", async () => {
    answers = [[200, []], [200, []]];
    expect(await dataApi.read("c")).toEqual({ value: null, failure: null });
    expect(requests[1]).toContain("superseded_at=is.null&order=position.desc");
  });

  it("leaves out a row that it cannot understand", async () => {
    answers = [[200, [{ id: "c", title: null }]], [200, [row(), { id: 5 }]]];
    expect((await dataApi.read("c")).value?.messages).toHaveLength(1);
  });
});

describe("stop", () => {
  it("changes an answer that has not ended", async () => {
    answers = [[204, null]];
    expect(await dataApi.stop("a")).toBeNull();
    expect(requests).toEqual(["PATCH messages?id=eq.a&status=in.(pending,streaming)"]);
  });
});

describe("rate", () => {
  const feedback = { rating: -1, comment: null } as const;

  it("changes a rating that there is", async () => {
    answers = [[200, [{ message_id: "a" }]]];
    expect(await dataApi.rate("a", feedback)).toBeNull();
    expect(requests).toHaveLength(1);
  });

  it("makes one where there is none", async () => {
    answers = [[200, []], [201, null]];
    expect(await dataApi.rate("a", feedback)).toBeNull();
    expect(requests.map((request) => request.split(" ")[0])).toEqual(["PATCH", "POST"]);
  });
});
