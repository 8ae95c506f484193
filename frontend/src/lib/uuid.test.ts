import { afterEach, expect, it } from "vitest";
import { isUuid, newId } from "./uuid";

const { randomUUID } = crypto;

afterEach(() => {
  crypto.randomUUID = randomUUID;
});

it.each(["secure", "insecure"])("makes ids on a page that is %s", (kind) => {
  if (kind === "insecure") Object.assign(crypto, { randomUUID: undefined });
  const [one, another] = [newId(), newId()];
  expect([isUuid(one), isUuid(another), one === another]).toEqual([true, true, false]);
});
