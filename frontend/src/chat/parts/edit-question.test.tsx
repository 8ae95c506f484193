import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { draftsOf } from "@/lib/drafts";
import { LiveThread } from "../effects/live-thread";
import { FakeApi } from "../testing/fake-api";
import { CONVERSATION, question } from "../testing/make";
import { EditQuestion } from "./edit-question";
import { ScreenProvider } from "./screen-context";

beforeEach(() => {
  localStorage.clear();
  Object.assign(document, { fonts: new EventTarget() }); // which a box that grows listens to
});

function shown() {
  const world = { person: "p", api: new FakeApi(), drafts: draftsOf("p"), subscribe: () => () => undefined, newId: () => "q9" };
  const onDone = vi.fn();
  const { unmount } = render(
    <MantineProvider>
      <ScreenProvider live={new LiveThread(CONVERSATION, null, world)}>
        <EditQuestion question={question()} onDone={onDone} />
      </ScreenProvider>
    </MantineProvider>,
  );
  return { onDone, unmount, box: screen.getByRole("textbox") };
}

describe("EditQuestion", () => {
  it("keeps what was typed when it is left by Escape, and after a reload", async () => {
    const { onDone, unmount, box } = shown();
    expect(box).toHaveValue("Why?");
    await userEvent.type(box, " And how?{Escape}");
    expect(onDone).toHaveBeenCalledOnce();
    unmount();
    expect(shown().box).toHaveValue("Why? And how?");
  });

  it.each(["Cancel", "Send again"])("keeps nothing after “%s”", async (name) => {
    const { onDone, unmount, box } = shown();
    await userEvent.type(box, " And how?");
    await userEvent.click(screen.getByRole("button", { name }));
    await vi.waitFor(() => expect(onDone).toHaveBeenCalledOnce());
    unmount();
    expect(shown().box).toHaveValue("Why?");
  });
});
