"""Objects: uploaded, replaced, downloaded, listed, moved, copied, removed."""

import asyncio
import base64
from typing import Any

import httpx
import psycopg
import pytest
from storage3.exceptions import StorageApiError

from tests.contract.conftest import Client, Project, unique
from tests.contract.standing import refused

pytestmark = pytest.mark.anyio
Owner = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def secret_headers(project: Project) -> dict[str, str]:
    return {"apikey": project.secret_key, "authorization": f"Bearer {project.secret_key}"}


async def test_upload_and_download(service: Client, bucket: str) -> None:
    files = service.storage.from_(bucket)
    answer = await files.upload("a folder/notes.txt", b"hello", {"content-type": "text/plain", "cache-control": "60"})
    assert (answer.path, answer.full_path) == ("a folder/notes.txt", f"{bucket}/a folder/notes.txt")
    assert await files.download("a folder/notes.txt") == b"hello"


async def test_the_row_describes_the_object(service: Client, bucket: str, owner: Owner) -> None:
    await service.storage.from_(bucket).upload(
        "n.txt", b"hello", {"content-type": "text/plain", "cache-control": "60", "metadata": {"lang": "en"}}
    )
    row = owner.execute(
        "select metadata, user_metadata, path_tokens, version, owner_id from storage.objects where bucket_id = %s",
        [bucket],
    ).fetchone()
    assert row is not None
    metadata, user_metadata, tokens, version, owner_id = row
    assert (metadata["size"], metadata["contentLength"], metadata["mimetype"]) == (5, 5, "text/plain")
    assert (metadata["cacheControl"], metadata["httpStatusCode"]) == ("max-age=60", 200)
    assert metadata["eTag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert metadata["lastModified"].endswith("Z")
    assert (user_metadata, tokens, bool(version), owner_id) == ({"lang": "en"}, ["n.txt"], True, None)


async def test_triggers_see_each_upload_once_and_complete(service: Client, bucket: str, owner: Owner) -> None:
    files, name = service.storage.from_(bucket), unique("t")
    await files.upload(name, b"123")
    await files.upload(name, b"12345", {"upsert": "true"})
    rows = owner.execute(
        "select operation, size, caller from public.contract_uploads where name = %s", [name]
    ).fetchall()
    assert rows == [("INSERT", 3, None), ("UPDATE", 5, None)]


async def test_a_taken_name_is_refused_unless_upserting(service: Client, bucket: str) -> None:
    files = service.storage.from_(bucket)
    await files.upload("n.txt", b"one")
    with pytest.raises(StorageApiError) as taken:
        await files.upload("n.txt", b"two")
    assert (taken.value.code, str(taken.value.status)) == ("Duplicate", "409")
    assert await files.download("n.txt") == b"one"
    await files.upload("n.txt", b"two", {"upsert": "true"})
    assert await files.download("n.txt") == b"two"
    await files.update("n.txt", b"three")
    assert await files.download("n.txt") == b"three"


async def test_uploads_of_one_name_at_once_leave_one_whole_object(service: Client, bucket: str) -> None:
    files = service.storage.from_(bucket)
    bodies = [bytes([65 + number]) * 300_000 for number in range(6)]
    await asyncio.gather(*(files.upload("n.bin", body, {"upsert": "true"}) for body in bodies))
    assert await files.download("n.bin") in bodies
    assert (await files.info("n.bin"))["size"] == 300_000


async def test_raw_bodies_and_their_headers(
    http: httpx.AsyncClient, bucket: str, secret_headers: dict[str, str]
) -> None:
    metadata = base64.b64encode(b'{"from": "raw"}').decode()
    answer = await http.post(
        f"/storage/v1/object/{bucket}/r.bin",
        content=b"\x00\x01" * 400_000,
        headers={
            **secret_headers,
            "content-type": "application/x-thing",
            "cache-control": "max-age=5",
            "x-metadata": metadata,
        },
    )
    assert (answer.status_code, answer.json()["Key"]) == (200, f"{bucket}/r.bin")
    info = (await http.get(f"/storage/v1/object/info/{bucket}/r.bin", headers=secret_headers)).json()
    assert (info["size"], info["content_type"], info["cache_control"]) == (800_000, "application/x-thing", "max-age=5")
    assert (info["id"], info["metadata"]) == (answer.json()["Id"], {"from": "raw"})


async def test_an_empty_object(service: Client, bucket: str) -> None:
    await service.storage.from_(bucket).upload("empty.txt", b"")
    assert await service.storage.from_(bucket).download("empty.txt") == b""


async def test_a_form_cut_short_leaves_nothing(
    service: Client, http: httpx.AsyncClient, bucket: str, secret_headers: dict[str, str]
) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name=""; filename="f"\r\n\r\nhalf of it'
    answer = await http.post(
        f"/storage/v1/object/{bucket}/half",
        content=form,
        headers={**secret_headers, "content-type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 400
    assert not await service.storage.from_(bucket).exists("half")


REFUSED_NAMES = ["Zoë.pdf", "a\\b", "a#b", "tab\tname", "/"]


@pytest.mark.parametrize("name", REFUSED_NAMES)
async def test_names_that_storage_does_not_take(
    http: httpx.AsyncClient, bucket: str, name: str, secret_headers: dict[str, str]
) -> None:
    url = httpx.URL(f"/storage/v1/object/{bucket}/").join("./")
    path = str(url) + "".join(f"%{byte:02X}" for byte in name.encode())
    answer = await http.post(path, content=b"x", headers=secret_headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidKey")


@pytest.mark.parametrize("name", ["../../escape.txt", "a/../../../b.txt", "..%2f..%2fc.txt"])
async def test_dots_are_only_names(
    http: httpx.AsyncClient, bucket: str, name: str, project: Project, secret_headers: dict[str, str]
) -> None:
    body = f"dots {name}".encode()
    path = f"/storage/v1/object/{bucket}/" + name.replace(".", "%2E").replace("/", "%2F")
    stored = await http.post(path, content=body, headers=secret_headers)
    read = await http.get(path, headers=secret_headers)
    assert stored.status_code in (200, 400)
    assert (read.content == body) == (stored.status_code == 200)


async def test_missing_objects_and_buckets(service: Client, bucket: str) -> None:
    files = service.storage.from_(bucket)
    for attempt in (
        files.download("none"),
        files.info("none"),
        files.copy("none", "x"),
        files.move("none", "x"),
        files.create_signed_url("none", 60),
    ):
        with pytest.raises(StorageApiError) as missing:
            await attempt
        assert (missing.value.code, str(missing.value.status)) == ("not_found", "404")
    assert await files.exists("none") is False
    with pytest.raises(StorageApiError) as nowhere:
        await service.storage.from_("contract-nowhere").upload("x", b"x")
    assert (nowhere.value.code, str(nowhere.value.status)) == ("Bucket not found", "404")


async def test_list_shows_one_level(service: Client, bucket: str) -> None:
    files = service.storage.from_(bucket)
    for name in ("b.txt", "a.txt", "deep/x.txt", "deep/er/y.txt", "deeper.txt"):
        await files.upload(name, b"x" * len(name))
    top = await files.list()
    assert [(one["name"], one["id"] is None) for one in top] == [
        ("deep", True),
        ("a.txt", False),
        ("b.txt", False),
        ("deeper.txt", False),
    ]
    assert [one["name"] for one in await files.list("deep")] == ["er", "x.txt"]
    assert [one["name"] for one in await files.list("", {"search": "b"})] == ["b.txt"]
    assert [one["name"] for one in await files.list("", {"limit": 2, "offset": 1})] == ["a.txt", "b.txt"]
    down = await files.list("", {"sortBy": {"column": "name", "order": "desc"}})
    assert [one["name"] for one in down] == ["deep", "deeper.txt", "b.txt", "a.txt"]
    assert top[1]["metadata"]["size"] == 5


async def test_move_and_copy(service: Client, bucket: str) -> None:
    files = service.storage.from_(bucket)
    await files.upload("one.txt", b"1", {"content-type": "text/plain", "metadata": {"m": 1}})
    await files.copy("one.txt", "folder/two.txt")
    assert await files.download("folder/two.txt") == await files.download("one.txt") == b"1"
    assert (await files.info("folder/two.txt"))["metadata"] == {"m": 1}
    await files.move("one.txt", "three.txt")
    assert (await files.exists("one.txt"), await files.download("three.txt")) == (False, b"1")
    for attempt in (files.move("three.txt", "folder/two.txt"), files.copy("three.txt", "folder/two.txt")):
        with pytest.raises(StorageApiError) as taken:
            await attempt
        assert taken.value.code == "Duplicate"


async def test_remove_answers_with_what_was_removed(
    service: Client, bucket: str, http: httpx.AsyncClient, secret_headers: dict[str, str]
) -> None:
    files = service.storage.from_(bucket)
    for name in ("a", "b", "c"):
        await files.upload(name, b"x")
    assert sorted(one["name"] for one in await files.remove(["a", "b", "none"])) == ["a", "b"]
    assert (await http.delete(f"/storage/v1/object/{bucket}/c", headers=secret_headers)).status_code == 200
    assert await files.list() == []
    many = await http.request(
        "DELETE", f"/storage/v1/object/{bucket}", json={"prefixes": ["x"] * 1001}, headers=secret_headers
    )
    assert many.status_code == 400


async def test_ranges_and_caching(
    service: Client, http: httpx.AsyncClient, bucket: str, secret_headers: dict[str, str]
) -> None:
    await service.storage.from_(bucket).upload(
        "r.txt", b"0123456789", {"content-type": "text/plain", "cache-control": "9"}
    )
    path = f"/storage/v1/object/authenticated/{bucket}/r.txt"

    async def get(**headers: str) -> httpx.Response:
        return await http.get(path, headers={**secret_headers, **headers})

    whole = await get()
    assert (whole.headers["cache-control"], whole.headers["accept-ranges"]) == ("max-age=9", "bytes")
    assert (whole.headers["content-length"], whole.headers["content-type"].split(";")[0]) == ("10", "text/plain")
    for wanted, content, shown in (
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ):
        part = await get(range=wanted)
        assert (part.status_code, part.content, part.headers["content-range"]) == (206, content, shown)
    assert (await get(range="bytes=10-")).status_code in (400, 416)
    assert (await get(**{"if-none-match": whole.headers["etag"]})).status_code == 304
    assert (await get(**{"if-none-match": '"other"'})).status_code == 200
    head = await http.head(path, headers=secret_headers)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "10", b"")
    named = await http.get(path, params={"download": "a b.txt"}, headers=secret_headers)
    assert named.headers["content-disposition"] == "attachment; filename=a%20b.txt; filename*=UTF-8''a%20b.txt"


async def test_html_is_not_shown_as_a_page(
    service: Client, http: httpx.AsyncClient, bucket: str, secret_headers: dict[str, str]
) -> None:
    await service.storage.from_(bucket).upload("p.html", b"<script>", {"content-type": "text/html"})
    answer = await http.get(f"/storage/v1/object/{bucket}/p.html", headers=secret_headers)
    assert answer.headers["content-type"].startswith("text/plain")


async def test_pages_of_objects_with_folders_apart(service: Client, bucket: str) -> None:
    files = service.storage.from_(bucket)
    for name in ("b.txt", "a.txt", "deep/x.txt", "deep/er/y.txt", "z/1.txt"):
        await files.upload(name, b"x")
    flat = await files.list_v2({})
    assert [one.name for one in flat.objects] == ["a.txt", "b.txt", "deep/er/y.txt", "deep/x.txt", "z/1.txt"]
    assert (flat.folders, flat.hasNext, flat.nextCursor) == ([], False, None)
    first = await files.list_v2({"with_delimiter": True, "limit": 3})
    assert ([one.name for one in first.objects], [one.name for one in first.folders]) == (["a.txt", "b.txt"], ["deep/"])
    assert first.hasNext
    second = await files.list_v2({"with_delimiter": True, "limit": 3, "cursor": first.nextCursor})
    assert ([one.name for one in second.folders], second.hasNext) == (["z/"], False)
    below = await files.list_v2({"with_delimiter": True, "prefix": "deep/"})
    assert [one.name for one in below.objects] == ["deep/x.txt"]
    assert [one.name for one in below.folders] == ["deep/er/"]
    newest = await files.list_v2({"sortBy": {"column": "created_at", "order": "desc"}, "limit": 1})
    assert [one.name for one in newest.objects] == ["z/1.txt"]
    older = await files.list_v2(
        {"sortBy": {"column": "created_at", "order": "desc"}, "limit": 9, "cursor": newest.nextCursor}
    )
    assert [one.name for one in older.objects] == ["deep/er/y.txt", "deep/x.txt", "a.txt", "b.txt"]


async def test_a_cursor_must_be_one_of_ours(
    http: httpx.AsyncClient, bucket: str, secret_headers: dict[str, str]
) -> None:
    for body in ({"cursor": "x"}, {"cursor": "W10="}, {"sortBy": {"column": "size"}}, {"limit": 0}):
        answer = await http.post(f"/storage/v1/object/list-v2/{bucket}", json=body, headers=secret_headers)
        assert answer.status_code == 400, body


async def test_moves_and_copies_into_another_bucket(
    service: Client, http: httpx.AsyncClient, bucket: str, secret_headers: dict[str, str]
) -> None:
    files, elsewhere = service.storage.from_(bucket), unique("contract-")
    await service.storage.create_bucket(elsewhere)
    await files.upload("a.txt", b"a")
    ends = {"bucketId": bucket, "sourceKey": "a.txt", "destinationBucket": elsewhere}
    copied = await http.post(
        "/storage/v1/object/copy", json={**ends, "destinationKey": "copy.txt"}, headers=secret_headers
    )
    assert (copied.status_code, copied.json()["Key"]) == (200, f"{elsewhere}/copy.txt")
    moved = await http.post(
        "/storage/v1/object/move", json={**ends, "destinationKey": "moved.txt"}, headers=secret_headers
    )
    assert moved.json() == {"message": "Successfully moved"}
    assert await files.exists("a.txt") is False
    assert [one["name"] for one in await service.storage.from_(elsewhere).list()] == ["copy.txt", "moved.txt"]
    await service.storage.empty_bucket(elsewhere)
    await service.storage.delete_bucket(elsewhere)


@refused
async def test_transformed_images(service: Client, http: httpx.AsyncClient, bucket: str) -> None:
    await service.storage.from_(bucket).upload("i.png", b"x", {"content-type": "image/png"})
    with pytest.raises(StorageApiError) as signing:
        await service.storage.from_(bucket).create_signed_url("i.png", 60, {"transform": {"width": 10}})
    assert (signing.value.code, str(signing.value.status)) == ("NotSupported", "501")
    answer = await http.get(f"/storage/v1/render/image/public/{bucket}/i.png?width=10")
    assert (answer.status_code, answer.json()["error"]) == (501, "NotSupported")


@refused
async def test_the_s3_protocol_and_other_kinds_of_buckets(
    http: httpx.AsyncClient, secret_headers: dict[str, str]
) -> None:
    for path in ("s3/some-bucket", "iceberg/v1/config", "vector/ListVectorBuckets"):
        answer = await http.get(f"/storage/v1/{path}", headers=secret_headers)
        assert (answer.status_code, answer.json()["error"]) == (501, "NotSupported")
