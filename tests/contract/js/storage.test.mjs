import { assert, behaviour, client, person, service, unique } from "./harness.mjs";

/** A bucket that is gone after `use`. */
async function inBucket(use, options = { public: false }) {
  const { storage } = service();
  const name = unique();
  assert.ifError((await storage.createBucket(name, options)).error);
  try {
    await use(storage.from(name), name, storage);
  } finally {
    await storage.emptyBucket(name);
    assert.ifError((await storage.deleteBucket(name)).error);
  }
}

const text = async (files, name) => (await files.download(name)).data.text();

behaviour("buckets are made listed changed and removed", async () => {
  await inBucket(async (_, name, storage) => {
    assert.equal((await storage.getBucket(name)).data.public, false);
    assert.ok((await storage.listBuckets()).data.some((one) => one.name === name));
    assert.ifError((await storage.updateBucket(name, { public: true, fileSizeLimit: "1KB", allowedMimeTypes: ["text/*"] })).error);
    const changed = (await storage.getBucket(name)).data;
    assert.deepEqual([changed.public, changed.file_size_limit, changed.allowed_mime_types], [true, 1000, ["text/*"]]);
    const big = await storage.from(name).upload("big.txt", "x".repeat(1001), { contentType: "text/plain" });
    assert.equal(big.error.statusCode, "413");
    const kind = await storage.from(name).upload("i.png", "x", { contentType: "image/png" });
    assert.equal(kind.error.statusCode, "415");
  });
});

behaviour("upload and download", async () => {
  await inBucket(async (files, name) => {
    const made = await files.upload("a folder/n.txt", "hello", { contentType: "text/plain", cacheControl: "60", metadata: { lang: "en" } });
    assert.deepEqual([made.data.path, made.data.fullPath], ["a folder/n.txt", `${name}/a folder/n.txt`]);
    assert.equal(await text(files, "a folder/n.txt"), "hello");
    const { data } = await files.info("a folder/n.txt");
    assert.deepEqual([data.size, data.contentType, data.cacheControl, data.metadata], [5, "text/plain", "max-age=60", { lang: "en" }]);
    assert.equal((await files.exists("a folder/n.txt")).data, true);
    assert.equal((await files.exists("none")).data, false);
    await files.upload("plain.txt", "x");
    assert.deepEqual((await files.info("plain.txt")).data.metadata, {});
  });
});

behaviour("a taken name is refused unless upserting", async () => {
  await inBucket(async (files) => {
    await files.upload("n.txt", "one");
    const taken = await files.upload("n.txt", "two");
    assert.deepEqual([taken.error.statusCode, taken.error.message], ["409", "The resource already exists"]);
    assert.ifError((await files.upload("n.txt", "two", { upsert: true })).error);
    assert.ifError((await files.update("n.txt", "three")).error);
    assert.equal(await text(files, "n.txt"), "three");
  });
});

behaviour("list shows one level", async () => {
  await inBucket(async (files) => {
    for (const name of ["b.txt", "a.txt", "deep/x.txt"]) await files.upload(name, "x");
    assert.deepEqual((await files.list()).data.map((one) => [one.name, one.id === null]), [["deep", true], ["a.txt", false], ["b.txt", false]]);
    assert.deepEqual((await files.list("deep")).data.map((one) => one.name), ["x.txt"]);
    assert.deepEqual((await files.list("", { limit: 1, offset: 1, search: "" })).data.map((one) => one.name), ["a.txt"]);
  });
});

behaviour("pages of objects with folders apart", async () => {
  await inBucket(async (files) => {
    for (const name of ["b.txt", "a.txt", "deep/x.txt"]) await files.upload(name, "x");
    const first = (await files.listV2({ with_delimiter: true, limit: 2 })).data;
    assert.deepEqual([first.objects.map((one) => one.name), first.hasNext], [["a.txt", "b.txt"], true]);
    const second = (await files.listV2({ with_delimiter: true, cursor: first.nextCursor })).data;
    assert.deepEqual([second.folders, second.hasNext], [[{ name: "deep/", key: "deep" }], false]);
  });
});

behaviour("move and copy", async () => {
  await inBucket(async (files, _, storage) => {
    await files.upload("one.txt", "1");
    assert.ifError((await files.copy("one.txt", "two.txt")).error);
    assert.ifError((await files.move("one.txt", "three.txt")).error);
    assert.deepEqual([await text(files, "two.txt"), await text(files, "three.txt")], ["1", "1"]);
    await inBucket(async (elsewhere, other) => {
      assert.ifError((await files.move("two.txt", "moved.txt", { destinationBucket: other })).error);
      assert.equal(await text(elsewhere, "moved.txt"), "1");
    });
    assert.deepEqual((await files.remove(["three.txt", "none"])).data.map((one) => one.name), ["three.txt"]);
    assert.ok(storage);
  });
});

behaviour("signed addresses", async () => {
  await inBucket(async (files) => {
    await files.upload("a b.txt", "signed", { contentType: "text/plain" });
    const { signedUrl } = (await files.createSignedUrl("a b.txt", 60, { download: "c d.txt" })).data;
    const answer = await fetch(signedUrl);
    assert.equal(await answer.text(), "signed");
    assert.match(answer.headers.get("content-disposition"), /filename=c%20d\.txt/);
    const several = (await files.createSignedUrls(["a b.txt", "none"], 60)).data;
    assert.deepEqual(several.map((one) => [one.path, one.error === null]), [["a b.txt", true], ["none", false]]);
  });
});

behaviour("signed uploads", async () => {
  await inBucket(async (_, name) => {
    const { client: mine, id } = await person();
    const { data } = await mine.storage.from(name).createSignedUploadUrl(`${id}/later.txt`);
    assert.ifError((await client().storage.from(name).uploadToSignedUrl(data.path, data.token, "later")).error);
    assert.equal(await text(mine.storage.from(name), `${id}/later.txt`), "later");
  });
});

behaviour("public buckets need no key", async () => {
  await inBucket(async (files) => {
    await files.upload("p.txt", "p", { contentType: "text/plain" });
    const { publicUrl } = files.getPublicUrl("p.txt").data;
    const answer = await fetch(publicUrl);
    assert.deepEqual([answer.status, await answer.text()], [200, "p"]);
  }, { public: true });
});

behaviour("policies decide for each verb", async () => {
  await inBucket(async (_, name) => {
    const { client: mine, id } = await person();
    const theirs = (await person()).client.storage.from(name);
    assert.ifError((await mine.storage.from(name).upload(`${id}/f.txt`, "mine")).error);
    assert.ok((await theirs.download(`${id}/f.txt`)).error);
    assert.equal((await theirs.upload(`${id}/g.txt`, "x")).error.statusCode, "403");
    assert.deepEqual((await theirs.remove([`${id}/f.txt`])).data, []);
    assert.deepEqual((await theirs.list(id)).data, []);
  });
});

behaviour("transformed images", async () => {
  await inBucket(async (files) => {
    await files.upload("i.png", "x", { contentType: "image/png" });
    assert.equal((await files.createSignedUrl("i.png", 60, { transform: { width: 10 } })).error.statusCode, "501");
  });
});
