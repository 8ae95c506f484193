import { assert, behaviour, client, person, service } from "./harness.mjs";

// The books that are there from the beginning; tests may add others.
const books = (select, options) => client().from("contract_books").select(select, options).lte("id", 4);

behaviour("filters", async () => {
  const wanted = [
    [(query) => query.eq("id", 2), [2]],
    [(query) => query.gte("pages", 12).lt("pages", 100), [1, 2]],
    [(query) => query.ilike("title", "notes%"), [1]],
    [(query) => query.likeAnyOf("title", ["Notes%", "Loose%"]), [1, 4]],
    [(query) => query.is("author_id", null), [4]],
    [(query) => query.not("author_id", "is", null), [1, 2, 3]],
    [(query) => query.in("title", ["Sketches", 'a,b"c']), [2]],
    [(query) => query.contains("tags", ["math"]), [1, 2]],
    [(query) => query.overlaps("tags", ["machines", "x"]), [1]],
    [(query) => query.rangeAdjacent("lent", "[2024-02-01,2024-03-01)"), [1, 3]],
    [(query) => query.textSearch("words", "running & waters", { config: "english" }), [3]],
    [(query) => query.or("id.eq.1,and(pages.gt.100,price.lt.20)"), [1, 3]],
    [(query) => query.match({ author_id: 1, pages: 12 }), [2]],
    [(query) => query.filter("tags", "cs", "{machines}"), [1]],
  ];
  for (const [build, ids] of wanted) {
    const { data, error } = await build(books("id")).order("id");
    assert.ifError(error);
    assert.deepEqual(data.map((row) => row.id), ids, build.toString());
  }
});

behaviour("counts and pages", async () => {
  const page = await books("id", { count: "exact" }).order("id", { ascending: false }).range(1, 2);
  assert.deepEqual([page.count, page.data.map((row) => row.id), page.status], [4, [3, 2], 206]);
  const head = await books("*", { count: "exact", head: true });
  assert.deepEqual([head.count, head.data], [4, null]);
  const beyond = await books("id", { count: "exact" }).range(10, 12);
  assert.deepEqual([beyond.error.code, beyond.status], ["PGRST103", 416]);
});

behaviour("embedded resources", async () => {
  const one = await books("title, author:contract_authors!author_id(name), contract_genres(label)").eq("id", 3).single();
  assert.deepEqual(one.data, { title: "Running waters", author: { name: "Ben" }, contract_genres: [{ label: "science" }, { label: "travel" }] });
  const many = await client().from("contract_authors").select("name, contract_books!author_id(title)")
    .order("id").order("id", { referencedTable: "contract_books", ascending: false }).limit(1, { referencedTable: "contract_books" });
  assert.deepEqual(many.data[0].contract_books, [{ title: "Sketches" }]);
  const inner = await books("id, contract_genres!inner(label)").eq("contract_genres.label", "travel");
  assert.deepEqual(inner.data.map((row) => row.id), [3]);
});

behaviour("many rows are spread as arrays", async () => {
  const { data } = await books("id, ...contract_genres(genres:label)").eq("id", 3).single();
  assert.deepEqual(data, { id: 3, genres: ["science", "travel"] });
});

behaviour("one row or none", async () => {
  assert.equal((await books("id").eq("id", 99).maybeSingle()).data, null);
  const none = await books("id").eq("id", 99).single();
  assert.deepEqual([none.error.code, none.status], ["PGRST116", 406]);
});

behaviour("csv", async () => {
  const { data } = await books("id,pages").eq("id", 2).csv();
  assert.equal(data, "id,pages\n2,12");
});

behaviour("insert update upsert and delete", async () => {
  const diary = (await person()).client.from("contract_diary");
  const made = await diary.insert([{ entry: "one" }, { entry: "two" }]).select("id, entry");
  assert.equal(made.status, 201);
  const [{ id }] = made.data;
  assert.equal((await diary.update({ entry: "uno" }).eq("id", id).select().single()).data.entry, "uno");
  assert.equal((await diary.upsert({ id, entry: "again" }, { onConflict: "id" }).select().single()).data.entry, "again");
  assert.equal((await diary.upsert({ id, entry: "no" }, { ignoreDuplicates: true }).select()).data.length, 0);
  const gone = await diary.delete({ count: "exact" }).eq("id", id);
  assert.deepEqual([gone.status, gone.count, gone.data], [204, 1, null]);
  assert.equal((await diary.select()).data.length, 1);
});

behaviour("policies decide for each verb", async () => {
  const [mine, theirs] = [(await person()).client.from("contract_diary"), (await person()).client.from("contract_diary")];
  const { data } = await mine.insert({ entry: "mine" }).select().single();
  assert.deepEqual((await theirs.select().eq("id", data.id)).data, []);
  assert.deepEqual((await theirs.update({ entry: "x" }).eq("id", data.id).select()).data, []);
  assert.equal((await theirs.insert({ entry: "x", owner: data.owner })).error.code, "42501");
});

behaviour("calls of functions", async () => {
  const mine = client();
  assert.equal((await mine.rpc("contract_add", { a: 1, b: 2 })).data, 3);
  assert.equal((await mine.rpc("contract_add", { a: 2 }, { get: true })).data, 3);
  const rows = await mine.rpc("contract_long_books", { pages_min: 10 }, { count: "exact" }).select("id").gt("id", 1).order("id");
  assert.deepEqual([rows.data, rows.count], [[{ id: 2 }, { id: 3 }], 2]);
  assert.equal((await mine.rpc("contract_nothing")).status, 204);
  const raised = await mine.rpc("contract_raise", { state: "P0001", message: "no" });
  assert.deepEqual([raised.error.code, raised.error.message, raised.error.hint], ["P0001", "no", "the hint"]);
});

behaviour("errors", async () => {
  const missing = await client().from("contract_bookz").select();
  assert.deepEqual([missing.status, missing.error.code], [404, "PGRST205"]);
  assert.equal((await books("nope")).error.code, "42703");
  assert.equal((await books("id").eq("id", "abc")).error.code, "22P02");
  const strict = await service().from("contract_books").update({ pages: 1 }).gt("id", 0).maxAffected(1);
  assert.equal(strict.error.code, "PGRST124");
});
