import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { describe, expect, it } from "vitest";
import { draftsOf } from "@/lib/drafts";
import { LiveThread } from "../effects/live-thread";
import type { Citation, Message } from "../model/rows";
import { FakeApi } from "../testing/fake-api";
import { CONVERSATION, message } from "../testing/make";
import { AnswerContext } from "./cite";
import { Markdown } from "./markdown";
import { ScreenProvider, useOpened } from "./screen-context";

const CITATION: Citation = { messageId: "a1", marker: 1, chunkId: "k", documentId: "d", status: "current", title: "Report.pdf", page: 4, quote: "q", start: 0, end: 1 };

function Opened() {
  return <output>{useOpened((passage) => passage?.marker ?? "none")}</output>;
}

function show(content: ReactNode, answer: Message = message({ citations: [CITATION] })) {
  const live = new LiveThread(CONVERSATION, "new", { person: "p", api: new FakeApi(), drafts: draftsOf("p"), subscribe: () => () => undefined, newId: () => "q" });
  return render(
    <ScreenProvider live={live}>
      <AnswerContext value={answer}>{content}</AnswerContext>
      <Opened />
    </ScreenProvider>,
  );
}

describe("Markdown", () => {
  it("makes a button of a citation, which opens its passage", async () => {
    show(<Markdown content="It rose [1]." />);
    await userEvent.click(screen.getByRole("button", { name: "Source 1: Report.pdf, page 4" }));
    expect(screen.getByRole("status")).toHaveTextContent("1");
  });

  it("says when the document was deleted", () => {
    show(<Markdown content="It rose [1]." />, message({ citations: [{ ...CITATION, status: "vanished" }] }));
    expect(screen.getByRole("button", { name: /deleted/ })).toBeVisible();
  });

  it("leaves brackets in code alone", () => {
    show(<Markdown content={"`a[1]`\n\n```\nb[1]\n```"} />);
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.getByText("a[1]")).toBeVisible();
  });

  it("tells where a link leads, and lets nobody reach back", () => {
    show(<Markdown content="See [the page](https://example.org/a) and [here](javascript:alert(1)) and [there](/ops)." />);
    const link = screen.getByRole("link");
    expect(link).toHaveAttribute("rel", expect.stringContaining("noopener"));
    expect(link).toHaveTextContent("the page (example.org)");
    expect(screen.getAllByRole("link")).toHaveLength(1);
  });

  it("loads no image and runs no markup", () => {
    const { container } = show(<Markdown content={'![a cat](https://example.org/cat.png)\n\n<img src="x" onerror="alert(1)"> <b>bold</b>'} />);
    expect(container.querySelector("img, b")).toBeNull();
    expect(screen.getByText("a cat")).toBeVisible();
  });

  it("keeps headings below those of the page", () => {
    show(<Markdown content={"# One\n\n## Two"} />);
    expect(screen.getAllByRole("heading").map((heading) => heading.tagName)).toEqual(["H3", "H3"]);
  });

  it("shows what is half written as if it were whole", () => {
    const { container } = show(<Markdown content={"First.\n\nIt is **bo"} isGrowing />);
    expect(container.querySelector("strong")).toHaveTextContent("bo");
    expect(container).not.toHaveTextContent("**");
  });

  it("marks what has no support", () => {
    const content = "It is 7 [1].";
    const { container } = show(<Markdown content={content} doubts={[{ start: 0, end: content.length, reason: "number" }]} />);
    expect(container.querySelector("[title*='number']")).toHaveTextContent("It is 7");
  });
});
