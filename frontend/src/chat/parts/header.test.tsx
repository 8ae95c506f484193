import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { draftsOf } from "@/lib/drafts";
import { LiveThread, type Start } from "../effects/live-thread";
import { FakeApi } from "../testing/fake-api";
import { CONVERSATION } from "../testing/make";
import { Header } from "./header";
import { ScreenProvider } from "./screen-context";

function show(start: Start) {
  const world = { person: "p", api: new FakeApi(), drafts: draftsOf("p"), subscribe: () => () => undefined, newId: () => "q1" };
  return render(
    <MantineProvider>
      <ScreenProvider live={new LiveThread(CONVERSATION, start, world)}>
        <Header onShortcuts={() => undefined} />
      </ScreenProvider>
    </MantineProvider>,
  );
}

it("names the page after the conversation, and not any more when a new one begins", () => {
  const conversation = { id: CONVERSATION, title: "Weirs", libraryId: null, updatedAt: "" };
  const { unmount } = show({ conversation, messages: [] });
  expect(screen.getByRole("heading")).toHaveTextContent("Weirs");
  expect(document.title).toBe("Weirs · Rivulet");
  unmount();
  show("new");
  expect(document.title).toBe("Chat · Rivulet");
});
