"use client";

import type { RealtimeChannel } from "@supabase/supabase-js";
import { useEffect, useEffectEvent } from "react";
import { useConnection } from "@/lib/connection";
import { browserClient } from "@/lib/supabase/browser";

/** What was sent to a topic: the name of the event and its content. */
export interface Broadcast {
  event: string;
  payload: Record<string, unknown>;
}

export interface Listener {
  /** A broadcast of the topic. */
  hear: (broadcast: Broadcast) => void;
  /** Something may have been missed: read the rows. After each join, when the tab wakes, and from time to time. */
  catchUp: () => void;
}

const LOOK_MS = 20_000;
const LINGER_MS = 2_000;
const LONGEST_PAUSE_MS = 10_000;
/** A topic that stays silent for so long is joined anew from scratch. */
const PATIENCE_MS = 30_000;

const topics = new Map<string, Topic>();
/** Channels on their way out, by topic: the client gives one to whoever asks for its topic until it is gone. */
const departures = new Map<string, Promise<unknown>>();

/**
 * Hear a private Broadcast topic until the function that is returned is called.
 *
 * Nothing but latency depends on what is heard: who listens reads the rows whenever `catchUp` says so. Listeners of one
 * topic share one channel.
 */
export function subscribe(name: string, listener: Listener): () => void {
  const topic = topics.get(name) ?? new Topic(name);
  topics.set(name, topic);
  topic.add(listener);
  return () => topic.remove(listener);
}

/** `subscribe` for the life of a component; no topic: nothing is heard. */
export function useSubscription(name: string | null, listener: Listener): void {
  const hear = useEffectEvent(listener.hear);
  const catchUp = useEffectEvent(listener.catchUp);
  useEffect(() => {
    if (name !== null) return subscribe(name, { hear: (broadcast) => hear(broadcast), catchUp: () => catchUp() });
  }, [name]);
}

class Topic {
  private readonly listeners = new Set<Listener>();
  private channel: RealtimeChannel | null = null;
  private joined = false;
  private silentSince = Date.now();
  private failures = 0;
  private rejoining: ReturnType<typeof setTimeout> | undefined;
  private leaving: ReturnType<typeof setTimeout> | undefined;
  private looking: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly name: string) {}

  add(listener: Listener): void {
    clearTimeout(this.leaving);
    this.listeners.add(listener);
    if (!this.looking) this.open();
    else if (this.joined) listener.catchUp();
  }

  remove(listener: Listener): void {
    this.listeners.delete(listener);
    // A page that is left and entered again at once keeps its channel.
    if (this.listeners.size === 0) this.leaving = setTimeout(() => this.close(), LINGER_MS);
  }

  private open(): void {
    this.silentSince = Date.now();
    this.looking = setInterval(() => this.look(), LOOK_MS);
    document.addEventListener("visibilitychange", this.wake);
    window.addEventListener("online", this.wake);
    void this.join();
  }

  private close(): void {
    topics.delete(this.name);
    clearInterval(this.looking);
    clearTimeout(this.rejoining);
    document.removeEventListener("visibilitychange", this.wake);
    window.removeEventListener("online", this.wake);
    useConnection.getState().setHeard(this.name, true);
    void this.leave();
  }

  private async join(): Promise<void> {
    const client = await browserClient();
    await client.realtime.setAuth(); // private topics are joined as this person
    await departures.get(this.name);
    if (this.channel !== null || this.listeners.size === 0) return;
    const options = { config: { private: true, broadcast: { self: false, ack: false } } };
    const channel = client.channel(this.name, options);
    this.channel = channel;
    channel.on("broadcast", { event: "*" }, ({ event, payload }) => this.tell({ event, payload: payload ?? {} }));
    channel.subscribe((status) => {
      if (this.channel === channel) this.follow(status);
    });
  }

  private follow(status: `${"SUBSCRIBED" | "TIMED_OUT" | "CLOSED" | "CHANNEL_ERROR"}`): void {
    this.joined = status === "SUBSCRIBED";
    useConnection.getState().setHeard(this.name, this.joined);
    if (this.joined) {
      this.failures = 0;
      this.catchUp();
      return;
    }
    this.silentSince = Math.min(this.silentSince, Date.now());
    if (status === "CLOSED") this.rejoinLater();
    // The client tries again by itself, with the token that it has by then.
    else void browserClient().then(({ realtime }) => realtime.setAuth());
  }

  private rejoinLater(): void {
    clearTimeout(this.rejoining);
    const pause = Math.min(LONGEST_PAUSE_MS, 300 * 2 ** this.failures++);
    this.rejoining = setTimeout(() => void this.rejoin(), pause * (0.5 + Math.random() / 2));
  }

  private async rejoin(): Promise<void> {
    await this.leave();
    await this.join();
  }

  private async leave(): Promise<void> {
    const channel = this.channel;
    this.channel = null;
    this.joined = false;
    if (channel) await depart(this.name, channel);
  }

  private look(): void {
    if (this.joined) this.silentSince = Date.now();
    else if (Date.now() - this.silentSince > PATIENCE_MS) this.rejoinLater();
    if (document.visibilityState === "visible") this.catchUp();
  }

  /** A tab that slept may hold a dead socket and an old token, and has missed what was sent. */
  private readonly wake = (): void => {
    if (document.visibilityState !== "visible") return;
    void reconnect();
    this.catchUp();
  };

  private tell(broadcast: Broadcast): void {
    for (const listener of this.listeners) listener.hear(broadcast);
  }

  private catchUp(): void {
    for (const listener of this.listeners) listener.catchUp();
  }
}

async function depart(name: string, channel: RealtimeChannel): Promise<void> {
  const departure = browserClient().then((client) => client.removeChannel(channel));
  departures.set(name, departure);
  await departure.finally(() => departures.delete(name));
}

async function reconnect(): Promise<void> {
  const { realtime } = await browserClient();
  await realtime.setAuth();
  if (!realtime.isConnected()) realtime.connect();
}
