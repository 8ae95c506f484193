import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { draftsOf } from "@/lib/drafts";
import { LiveThread } from "../effects/live-thread";
import { FakeApi } from "../testing/fake-api";
import { CONVERSATION, message, question } from "../testing/make";
import { AnswerFailure } from "./answer-failure";
import { ScreenProvider } from "./screen-context";

beforeEach(() => localStorage.clear());

async function shown(changes: Parameters<typeof message>[0], isLast: boolean) {
  const answer = message({ status: "failed", errorMessage: "The model rests.", ...changes });
  const api = new FakeApi();
  api.begun = true;
  api.messages = [question(), answer];
  const live = new LiveThread(CONVERSATION, null, { person: "p", api, drafts: draftsOf("p"), subscribe: () => () => undefined, newId: () => "q9" });
  live.open();
  await live.readRows();
  render(
    <MantineProvider>
      <ScreenProvider live={live}>
        <AnswerFailure answer={answer} isLast={isLast} />
      </ScreenProvider>
    </MantineProvider>,
  );
  return api;
}

describe("AnswerFailure", () => {
  it("says why, and answers the last question again in its place", async () => {
    const api = await shown({}, true);
    expect(screen.getByText("The model rests.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(api.calls).toContain("regenerate");
  });

  it("takes nothing back that was said after it", async () => {
    const api = await shown({}, false);
    await userEvent.click(screen.getByRole("button", { name: "Ask again" }));
    await vi.waitFor(() => expect([...api.asked.values()]).toEqual(["Why?"]));
    expect(api.calls).not.toContain("regenerate");
  });

  it("lets nobody ask again too early, and says when", async () => {
    const updatedAt = new Date(Date.now() - 8_000).toISOString();
    await shown({ errorCode: "rate_limited", errorMessage: "You have asked 30 questions in a minute; ask again in 48 s.", updatedAt }, true);
    expect(screen.getByText(/You can ask again in (40|39) s/)).toBeVisible();
    expect(screen.getByRole("button", { name: "Try again" })).toBeDisabled();
  });
});
