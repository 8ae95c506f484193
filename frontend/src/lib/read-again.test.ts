import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { readAgain } from "./read-again";

const KEY = ["rows"];

it("reads once more what is being read for the first time", async () => {
  const cache = new QueryClient();
  let row = "before";
  const replies: (() => void)[] = [];
  const queryFn = () => {
    const seen = row;
    return new Promise<string>((reply) => replies.push(() => reply(seen)));
  };
  const { promise: shown, resolve: show } = Promise.withResolvers<void>();
  const leave = new QueryObserver(cache, { queryKey: KEY, queryFn }).subscribe(({ data }) => {
    if (data === "after") show();
  });

  row = "after";
  const done = readAgain(cache, KEY);
  replies[0]!();
  await expect.poll(() => replies.length).toBe(2);
  replies[1]!();

  await Promise.all([done, shown]);
  leave();
});
