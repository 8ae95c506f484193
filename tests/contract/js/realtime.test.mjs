import { assert, behaviour, client, person, unique, within } from "./harness.mjs";

/** Subscribe and wait until the channel is joined. */
const joined = (channel) =>
  within(10, (resolve, reject) => channel.subscribe((status, error) => (status === "SUBSCRIBED" ? resolve(channel) : error && reject(error))));

behaviour("broadcasts reach the others", async () => {
  const topic = unique();
  const [one, other] = [client().channel(topic), client().channel(topic)];
  const heard = within(10, (resolve) => other.on("broadcast", { event: "shout" }, resolve));
  await joined(other);
  await joined(one);
  await one.send({ type: "broadcast", event: "shout", payload: { a: 1 } });
  assert.deepEqual((await heard).payload, { a: 1 });
});

behaviour("broadcasts over http", async () => {
  const topic = unique();
  const listening = client().channel(topic);
  const heard = within(10, (resolve) => listening.on("broadcast", { event: "shout" }, resolve));
  await joined(listening);
  const sent = await client().channel(topic).send({ type: "broadcast", event: "shout", payload: { by: "http" } });
  assert.equal(sent, "ok");
  assert.equal((await heard).payload.by, "http");
});

behaviour("an own broadcast comes back when asked for", async () => {
  const channel = client().channel(unique(), { config: { broadcast: { self: true, ack: true } } });
  const heard = within(10, (resolve) => channel.on("broadcast", { event: "echo" }, resolve));
  await joined(channel);
  assert.equal(await channel.send({ type: "broadcast", event: "echo", payload: {} }), "ok");
  await heard;
});

behaviour("presence is told", async () => {
  const topic = unique();
  const [one, other] = [client().channel(topic, { config: { presence: { key: "one" } } }), client().channel(topic)];
  const arrived = within(10, (resolve) => other.on("presence", { event: "join" }, ({ key, newPresences }) => key === "one" && resolve(newPresences)));
  const left = within(20, (resolve) => other.on("presence", { event: "leave" }, ({ key }) => key === "one" && resolve()));
  await joined(other);
  await joined(one);
  await one.track({ mood: "good" });
  assert.equal((await arrived)[0].mood, "good");
  await one.untrack();
  await left;
});

behaviour("changes of rows come to who may see them", async () => {
  const [me, them] = [await person(), await person()];
  const hearing = async (who) => {
    const seen = [];
    const channel = who.client.channel(unique());
    const ready = within(10, (resolve) => channel.on("system", {}, ({ extension, status }) => extension === "postgres_changes" && status === "ok" && resolve()));
    const first = within(15, (resolve) =>
      channel.on("postgres_changes", { event: "*", schema: "public", table: "contract_diary" }, (change) => {
        seen.push(change);
        resolve(change);
      }));
    first.catch(() => {});
    await joined(channel);
    await ready;
    return { seen, first };
  };
  const [mine, theirs] = [await hearing(me), await hearing(them)];
  await me.client.from("contract_diary").insert({ entry: "mine" });
  assert.equal((await mine.first).new.entry, "mine");
  await them.client.from("contract_diary").insert({ entry: "theirs" });
  assert.equal((await theirs.first).new.entry, "theirs");
  assert.deepEqual([mine.seen.length, theirs.seen.length], [1, 1]);
});

behaviour("a private channel needs a policy", async () => {
  const { client: mine } = await person();
  const channel = mine.channel(unique(), { config: { private: true } });
  await assert.rejects(joined(channel), /Unauthorized/);
});
