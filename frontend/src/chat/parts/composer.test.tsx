import { MantineProvider } from "@mantine/core";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { createRef } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { draftsOf } from "@/lib/drafts";
import { LiveThread } from "../effects/live-thread";
import { FakeApi } from "../testing/fake-api";
import { CONVERSATION, message, question } from "../testing/make";
import { Composer } from "./composer";
import { ScreenProvider } from "./screen-context";

const { read, session } = vi.hoisted(() => ({
  read: { data: [] as { id: string; name: string }[] | undefined },
  session: { tell: (() => undefined) as (event: string, token: string) => void },
}));
vi.mock("@/documents/use-libraries", () => ({ useLibraries: () => read }));
vi.mock("@/lib/supabase/browser", () => ({
  browserClient: async () => ({
    auth: {
      onAuthStateChange(tell: (event: string, session: { access_token: string }) => void) {
        session.tell = (event, token) => tell(event, { access_token: token });
        session.tell("INITIAL_SESSION", "refused");
        return { data: { subscription: { unsubscribe: () => undefined } } };
      },
    },
  }),
}));
vi.mock("next/navigation", () => ({ usePathname: () => "/chat/c" }));

beforeEach(() => {
  localStorage.clear();
  read.data = [];
});

function shown(api = new FakeApi(), isNew = true) {
  const live = new LiveThread(CONVERSATION, isNew ? "new" : null, { person: "p", api, drafts: draftsOf("p"), subscribe: () => () => undefined, newId: () => "q1" });
  live.open();
  const onAsk = vi.fn();
  const onRecall = vi.fn();
  render(
    <MantineProvider>
      <ScreenProvider live={live}>
        <Composer input={createRef()} onAsk={onAsk} onRecall={onRecall} />
      </ScreenProvider>
    </MantineProvider>,
  );
  return { api, live, onAsk, onRecall, box: screen.getByRole("textbox") };
}

describe("Composer", () => {
  it("sends by Enter, not by Shift+Enter", async () => {
    const { onAsk, box } = shown();
    await userEvent.type(box, "One{Shift>}{Enter}{/Shift}two{Enter}");
    expect(onAsk.mock.calls).toEqual([["One\ntwo"]]);
  });

  it("leaves Enter to an input method", () => {
    const { onAsk, live, box } = shown();
    fireEvent.change(box, { target: { value: "にほん" } });
    fireEvent.keyDown(box, { key: "Enter", isComposing: true });
    fireEvent.keyDown(box, { key: "Enter", keyCode: 229 });
    expect([onAsk.mock.calls.length, live.box.getState().text]).toEqual([0, "にほん"]);
  });

  it("sends nothing that is empty or too long", async () => {
    const { onAsk, box } = shown();
    await userEvent.type(box, "  {Enter}");
    fireEvent.change(box, { target: { value: "x".repeat(20_001) } });
    fireEvent.keyDown(box, { key: "Enter" });
    expect(onAsk).not.toHaveBeenCalled();
    expect(screen.getByText("1 character too many")).toBeVisible();
  });

  it("stops the answer by Escape and by its button", async () => {
    const api = new FakeApi();
    api.begun = true;
    api.messages = [question(), message({ status: "streaming", fence: 7 })];
    const { box } = shown(api, false);
    const stop = await screen.findByRole("button", { name: "Stop the answer" });
    fireEvent.keyDown(box, { key: "Escape" });
    await vi.waitFor(() => expect(api.calls.filter((call) => call === "stop")).toHaveLength(1));
    await vi.waitFor(() => expect(stop).not.toBeInTheDocument());
  });

  it("stops the answer that is being written, not the one that waits for it", async () => {
    const api = new FakeApi();
    api.begun = true;
    const waiting = [question({ id: "q2", position: 3 }), message({ id: "a2", replyTo: "q2", position: 4 })];
    api.messages = [question(), message({ status: "streaming", fence: 7 }), ...waiting];
    shown(api, false);
    fireEvent.click(await screen.findByRole("button", { name: "Stop the answer" }));
    await vi.waitFor(() => expect(api.messages.map((each) => each.status)).toEqual(["complete", "cancelled", "complete", "pending"]));
  });

  it("says that the session is over, and keeps the text", async () => {
    const api = new FakeApi();
    api.failures.set("start", [{ kind: "signed_out", message: "" }]);
    const { live, box } = shown(api);
    await live.ask("A question");
    expect(await screen.findByRole("alert")).toHaveTextContent("Your text is kept");
    expect(box).toHaveValue("A question");
    await act(async () => session.tell("SIGNED_IN", "refused")); // as the tab is looked at again
    expect(screen.getByRole("alert")).toBeVisible();
    await vi.waitFor(() => {
      session.tell("SIGNED_IN", "new");
      expect(screen.queryByRole("alert")).not.toBeInTheDocument();
    });
    expect(box).toHaveValue("A question");
  });

  it("names one library when answers come from one, whether libraries could be read or not", async () => {
    const { live } = shown();
    await live.answerFrom("l1");
    const chosen = () => screen.getByRole<HTMLSelectElement>("combobox").selectedOptions[0]?.textContent;
    await vi.waitFor(() => expect(chosen()).toBe("A library that you cannot see"));
    cleanup();
    read.data = undefined;
    await shown().live.answerFrom("l1");
    await vi.waitFor(() => expect(chosen()).toBe("The library that was chosen"));
  });

  it("recalls the last question by ArrowUp in an empty box", () => {
    const { onRecall, box } = shown();
    fireEvent.keyDown(box, { key: "ArrowUp" });
    expect(onRecall).toHaveBeenCalledOnce();
  });
});
