/**
 * Finds citations and doubted sentences in the tree of an answer's Markdown (mdast), and turns them into elements of their
 * own: `<cite data-marker>` and `<span data-doubt>`. Never inside code or links.
 */

import { indexOf } from "./codepoints";
import type { Doubt, DoubtReason } from "./rows";

/** What is used of an mdast node. */
export interface MarkNode {
  type: string;
  value?: string;
  identifier?: string;
  referenceType?: string;
  children?: MarkNode[];
  position?: { start: { offset?: number }; end: { offset?: number } };
  data?: { hName: string; hProperties: Record<string, string> };
}

/** A doubt by UTF-16 units of the text that is set. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly reason: DoubtReason;
}

const MARKER = /\[(\d{1,3})\]/g;
const NUMBER = /^\d{1,3}$/;
const CLOSED = new Set(["code", "inlineCode", "link", "definition", "html"]);

/** The doubts that touch a block, counted from its beginning. */
export function doubtsIn(content: string, doubts: readonly Doubt[], from: number, to: number): readonly Span[] {
  return doubts
    .map(({ start, end, reason }) => ({ start: indexOf(content, start) - from, end: indexOf(content, end) - from, reason }))
    .filter(({ start, end }) => end > 0 && start < to - from);
}

/** A remark plugin. */
export function remarkMarks(options: { readonly doubts: readonly Span[] }): (tree: MarkNode) => void {
  return (tree) => mark(tree, options.doubts);
}

function mark(node: MarkNode, doubts: readonly Span[]): void {
  if (node.children === undefined || CLOSED.has(node.type)) return;
  node.children = node.children.flatMap((child) => {
    if (child.type === "text") return marked(child, doubts);
    const cited = citedBy(child);
    if (cited !== null) return cited;
    mark(child, doubts);
    return [child];
  });
}

/** A marker that Markdown took for a reference, because the answer also defines one by that number. */
function citedBy(node: MarkNode): MarkNode[] | null {
  const isReference = node.type === "linkReference" || node.type === "footnoteReference";
  if (!isReference || !NUMBER.test(node.identifier ?? "")) return null;
  const said = node.referenceType === "full" ? (node.children ?? []) : [];
  return [...said, citation(Number(node.identifier))];
}

function marked(node: MarkNode, doubts: readonly Span[]): MarkNode[] {
  const value = node.value ?? "";
  const start = node.position?.start.offset ?? 0;
  return doubtful(value, start, doubts).flatMap(({ text, reason }) => {
    const nodes = withCitations(text);
    return reason === null ? nodes : nodes.map((each) => (each.type === "text" ? doubted(each, reason) : each));
  });
}

interface Piece {
  readonly text: string;
  readonly reason: DoubtReason | null;
}

/** The text cut where doubts begin and end. */
function doubtful(value: string, start: number, doubts: readonly Span[]): readonly Piece[] {
  const pieces: Piece[] = [];
  let place = 0;
  for (const doubt of doubts) {
    const from = clamp(doubt.start - start, place, value.length);
    const to = clamp(doubt.end - start, from, value.length);
    if (to > from) {
      pieces.push({ text: value.slice(place, from), reason: null }, { text: value.slice(from, to), reason: doubt.reason });
      place = to;
    }
  }
  return [...pieces, { text: value.slice(place), reason: null }].filter((piece) => piece.text !== "");
}

function withCitations(value: string): MarkNode[] {
  const nodes: MarkNode[] = [];
  let place = 0;
  for (const match of value.matchAll(MARKER)) {
    if (match.index > place) nodes.push({ type: "text", value: value.slice(place, match.index) });
    nodes.push(citation(Number(match[1])));
    place = match.index + match[0].length;
  }
  if (place < value.length) nodes.push({ type: "text", value: value.slice(place) });
  return nodes;
}

/** mdast has no node for it: an emphasis that is rendered under another name. */
function citation(marker: number): MarkNode {
  const data = { hName: "cite", hProperties: { "data-marker": String(marker) } };
  return { type: "emphasis", data, children: [{ type: "text", value: `[${marker}]` }] };
}

function doubted(node: MarkNode, reason: DoubtReason): MarkNode {
  return { type: "emphasis", data: { hName: "span", hProperties: { "data-doubt": reason } }, children: [node] };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
