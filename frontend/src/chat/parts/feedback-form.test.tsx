import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { draftsOf } from "@/lib/drafts";
import { LiveThread } from "../effects/live-thread";
import { FakeApi } from "../testing/fake-api";
import { CONVERSATION, message } from "../testing/make";
import { FeedbackForm } from "./feedback-form";
import { ScreenProvider } from "./screen-context";

it("thanks for a comment that was sent", async () => {
  Object.assign(document, { fonts: new EventTarget() }); // which a box that grows listens to
  const world = { person: "p", api: new FakeApi(), drafts: draftsOf("p"), subscribe: () => () => undefined, newId: () => "q9" };
  const onDone = vi.fn();
  render(
    <MantineProvider>
      <Notifications />
      <ScreenProvider live={new LiveThread(CONVERSATION, null, world)}>
        <FeedbackForm answer={message({ status: "complete" })} rating={1} onDone={onDone} />
      </ScreenProvider>
    </MantineProvider>,
  );
  fireEvent.change(screen.getByRole("textbox"), { target: { value: "Short." } });
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  expect(await screen.findByText("Thank you.")).toBeInTheDocument();
  expect([world.api.calls.at(0), onDone.mock.calls.length]).toEqual(["rate", 1]);
});
