// What the supabase-js suite shares: clients of the unmodified library, people, names. Which Supabase it talks to is
// in the environment: CONTRACT_URL, CONTRACT_PUBLISHABLE_KEY, CONTRACT_SECRET_KEY; where the library lies is in
// CONTRACT_LIBRARY, the path of a package.json beside whose node_modules it was installed.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { after, test } from "node:test";

const { createClient } = createRequire(process.env.CONTRACT_LIBRARY)("@supabase/supabase-js");

export const url = process.env.CONTRACT_URL;
export const publishable = process.env.CONTRACT_PUBLISHABLE_KEY;
const secret = process.env.CONTRACT_SECRET_KEY;
const local = process.env.CONTRACT_LOCAL === "true";
const opened = [];

export const PASSWORD = "correct horse";
export { assert };

/** One behaviour of the contract: its name is a row in the table of coverage. */
export function behaviour(name, run) {
  test(name, { timeout: 30_000 }, run);
}

/** A behaviour that only the local gateway can show, because its mails must be read. */
export function locally(name, run) {
  test(name, { timeout: 30_000, skip: local ? false : "another Supabase does not show its mails" }, run);
}

export function client(key = publishable, auth = {}) {
  const made = createClient(url, key, { auth: { autoRefreshToken: false, persistSession: true, storage: memory(), ...auth } });
  opened.push(made);
  return made;
}

export const service = () => client(secret);

export const unique = (prefix = "contract-") => `${prefix}${randomUUID().slice(0, 12)}`;

export const address = () => `${unique()}@example.com`;

/** Somebody new, signed in. */
export async function person() {
  const made = client();
  const email = address();
  const { data, error } = await made.auth.signUp({ email, password: PASSWORD });
  assert.ifError(error);
  return { client: made, id: data.user.id, email };
}

/** The newest mail to an address. */
export async function latestMail(email) {
  const answer = await fetch(`${url}/mail/messages?to=${encodeURIComponent(email)}`);
  const [mail] = await answer.json();
  assert.ok(mail, `no mail to ${email}`);
  return mail;
}

/** Where a link leads, unfollowed. */
export async function landing(link) {
  const answer = await fetch(link, { redirect: "manual" });
  return new URL(answer.headers.get("location"));
}

/** What must be told within some seconds. */
export function within(seconds, begin) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`nothing came within ${seconds} s`)), seconds * 1000);
    begin((value) => {
      clearTimeout(timer);
      resolve(value);
    }, reject);
  });
}

function memory() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) };
}

after(async () => {
  await Promise.all(opened.map((made) => made.removeAllChannels().then(() => made.realtime.disconnect())));
});
