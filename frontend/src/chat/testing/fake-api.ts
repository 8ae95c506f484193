/** The Data API as far as a conversation needs it: rows in memory, and failures when asked for. */

import type { Api } from "../effects/api";
import type { Outcome } from "../effects/outcome";
import type { Rows } from "../effects/read-rows";
import type { Failure } from "../model/failures";
import type { Message } from "../model/rows";
import { CONVERSATION, message, question } from "./make";

export class FakeApi implements Api {
  readonly calls: string[] = [];
  readonly asked = new Map<string, string>();
  messages: Message[] = [];
  begun = false;
  /** What the next calls of that name answer, one each. */
  readonly failures = new Map<string, Failure[]>();
  /** The next question arrives, but its reply does not. */
  losesReply = false;

  async read(): Promise<Outcome<Rows | null>> {
    const failure = this.called("read");
    if (failure !== null) return { value: null, failure };
    const conversation = { id: CONVERSATION, title: "Talk", libraryId: null, updatedAt: "" };
    const messages = this.messages.toSorted((a, b) => b.position - a.position);
    return { value: this.begun ? { conversation, messages } : null, failure: null };
  }

  async start(): Promise<Failure | null> {
    const failure = this.called("start");
    if (failure === null) this.begun = true;
    return failure;
  }

  async ask(_: string, id: string, content: string): Promise<Failure | null> {
    const failure = this.called("ask");
    if (failure !== null) return failure;
    if (!this.asked.has(id)) {
      this.asked.set(id, content);
      const position = this.messages.length + 1;
      const answer = message({ id: `answer of ${id}`, replyTo: id, position: position + 1 });
      this.messages = [...this.messages, question({ id, content, position }), answer];
    }
    if (!this.losesReply) return null;
    this.losesReply = false;
    return { kind: "offline", message: "" };
  }

  async stop(answer: string): Promise<Failure | null> {
    const failure = this.called("stop");
    this.messages = this.messages.map((each) => (each.id === answer ? { ...each, status: "cancelled" } : each));
    return failure;
  }

  async regenerate(): Promise<Outcome<string>> {
    return { value: "new", failure: this.called("regenerate") } as Outcome<string>;
  }

  async edit(): Promise<Outcome<string>> {
    return { value: "new", failure: this.called("edit") } as Outcome<string>;
  }

  async rate(): Promise<Failure | null> {
    return this.called("rate");
  }

  async answerFrom(): Promise<Failure | null> {
    return this.called("answerFrom");
  }

  private called(name: string): Failure | null {
    this.calls.push(name);
    return this.failures.get(name)?.shift() ?? null;
  }
}
