// @vitest-environment node
import { describe, expect, it } from "vitest";
import { doubtsIn, type MarkNode, remarkMarks, type Span } from "./marks";

function paragraph(...children: MarkNode[]): MarkNode {
  return { type: "root", children: [{ type: "paragraph", children }] };
}

function text(value: string, start = 0): MarkNode {
  return { type: "text", value, position: { start: { offset: start }, end: { offset: start + value.length } } };
}

function marked(tree: MarkNode, doubts: readonly Span[] = []): unknown[] {
  remarkMarks({ doubts })(tree);
  return (tree.children?.[0]?.children ?? []).map(short);
}

function short(node: MarkNode): unknown {
  const marker = node.data?.hProperties["data-marker"];
  if (marker !== undefined) return Number(marker);
  const doubt = node.data?.hProperties["data-doubt"];
  return doubt === undefined ? (node.value ?? node.type) : { [doubt]: node.children?.map(short) };
}

describe("remarkMarks", () => {
  it("makes citations of markers, any number of them", () => {
    expect(marked(paragraph(text("So [1][2] it is [13].")))).toEqual(["So ", 1, 2, " it is ", 13, "."]);
  });

  it("leaves code and links alone", () => {
    const code: MarkNode = { type: "inlineCode", value: "a[1]" };
    const link: MarkNode = { type: "link", children: [text("[1]")] };
    expect(marked(paragraph(code, link))).toEqual(["a[1]", "link"]);
    expect(link.children?.[0]?.value).toBe("[1]");
  });

  it("knows a marker that Markdown took for a reference", () => {
    const reference: MarkNode = { type: "linkReference", identifier: "1", referenceType: "shortcut", children: [text("1")] };
    const full: MarkNode = { type: "linkReference", identifier: "2", referenceType: "full", children: [text("words")] };
    expect(marked(paragraph(reference, full))).toEqual([1, "words", 2]);
  });

  it("marks doubted words, but not the citations among them", () => {
    const spans: Span[] = [{ start: 4, end: 16, reason: "number" }];
    expect(marked(paragraph(text("Oh. It is 7 [1]. Yes.")), spans)).toEqual(["Oh. ", { number: ["It is 7 "] }, 1, { number: ["."] }, " Yes."]);
  });

  it("finds doubts in every part of a paragraph", () => {
    const spans: Span[] = [{ start: 4, end: 13, reason: "uncited" }];
    const strong: MarkNode = { type: "strong", children: [text("bold", 6)] };
    marked(paragraph(text("Oh. X ", 0), strong, text(" end. Not", 10)), spans);
    expect(strong.children?.map(short)).toEqual([{ uncited: ["bold"] }]);
  });
});

describe("doubtsIn", () => {
  it("counts from the block's beginning, in UTF-16", () => {
    const content = "😀 one.\n\nTwo 7.";
    const from = content.indexOf("Two");
    const doubts = [{ start: [..."😀 one.\n\n"].length, end: [...content].length, reason: "number" as const }];
    expect(doubtsIn(content, doubts, from, content.length)).toEqual([{ start: 0, end: 6, reason: "number" }]);
    expect(doubtsIn(content, doubts, 0, from)).toEqual([]);
  });
});
