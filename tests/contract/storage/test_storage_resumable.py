"""Uploads in several requests, by the tus protocol (https://tus.io/protocols/resumable-upload), and who may."""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.contract.conftest import Client, Person, Project, unique
from tests.waiting import eventually_async

pytestmark = pytest.mark.anyio
Owner = psycopg.Connection[tuple[Any, ...]]
CHUNK = 6 * 1024 * 1024
UPLOADS = "/storage/v1/upload/resumable"
CHUNK_TYPE = {"content-type": "application/offset+octet-stream"}


def pairs(**metadata: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())


class Tus:
    """Speaks the protocol, and nothing that it does not say."""

    def __init__(self, http: httpx.AsyncClient, token: str, **headers: str) -> None:
        self._http = http
        self.headers = {"tus-resumable": "1.0.0", "authorization": f"Bearer {token}", **headers}

    async def ask(self, method: str, url: str, headers: dict[str, str], content: Any = None) -> httpx.Response:
        return await self._http.request(method, url, headers={**self.headers, **headers}, content=content)

    async def create(self, bucket: str, name: str, length: int | None, **headers: str) -> httpx.Response:
        metadata = pairs(bucketName=bucket, objectName=name, contentType="text/plain", cacheControl="60")
        size = {"upload-defer-length": "1"} if length is None else {"upload-length": str(length)}
        return await self.ask("POST", UPLOADS, {"upload-metadata": metadata, **size, **headers})

    async def begin(self, bucket: str, name: str, length: int | None, **headers: str) -> str:
        answer = await self.create(bucket, name, length, **headers)
        assert answer.status_code == 201, answer.text
        return str(answer.headers["location"])

    async def append(self, url: str, offset: int, content: Any, **headers: str) -> httpx.Response:
        return await self.ask("PATCH", url, {**CHUNK_TYPE, "upload-offset": str(offset), **headers}, content)

    async def offset(self, url: str) -> int:
        answer = await self.ask("HEAD", url, {})
        assert answer.status_code == 200
        return int(answer.headers["upload-offset"])


@pytest.fixture
async def tus(project: Project, http: httpx.AsyncClient) -> Tus:
    return Tus(http, project.secret_key, apikey=project.secret_key)


async def token_of(person: Person) -> str:
    session = await person.client.auth.get_session()
    assert session is not None
    return str(session.access_token)


async def test_what_the_server_can_do(http: httpx.AsyncClient) -> None:
    answer = await http.options(UPLOADS)
    assert answer.status_code in (200, 204)
    assert answer.headers["tus-version"] == "1.0.0"
    assert {"creation", "creation-with-upload", "termination", "expiration"} <= set(
        answer.headers["tus-extension"].split(",")
    )
    assert int(answer.headers["tus-max-size"]) > 0


async def test_a_browser_may_use_it(http: httpx.AsyncClient, tus: Tus, bucket: str) -> None:
    origin = {"origin": "http://localhost:3000"}
    asked = {"access-control-request-method": "PATCH", "access-control-request-headers": "upload-offset,tus-resumable"}
    answer = await http.options(UPLOADS, headers={**origin, **asked})
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert "upload-offset" in answer.headers["access-control-allow-headers"].lower()
    created = await tus.create(bucket, unique("t"), 3, **origin)
    exposed = created.headers["access-control-expose-headers"].lower()
    assert all(header in exposed for header in ("location", "upload-offset", "upload-length", "tus-resumable"))


async def test_chunks_become_one_object(tus: Tus, service: Client, bucket: str, owner: Owner) -> None:
    name, content = f"a folder/{unique('t')}.txt", os.urandom(2 * CHUNK + 1000)
    url = await tus.begin(bucket, name, len(content))
    for start in range(0, len(content), CHUNK):
        assert await tus.offset(url) == start
        rows = owner.execute("select count(*) from storage.objects where bucket_id = %s", [bucket]).fetchone()
        assert rows == (0,)
        answer = await tus.append(url, start, content[start : start + CHUNK])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(min(start + CHUNK, len(content))))
    assert await service.storage.from_(bucket).download(name) == content
    seen = owner.execute("select operation, size from public.contract_uploads where name = %s", [name]).fetchall()
    assert seen == [("INSERT", len(content))]
    row = owner.execute("select metadata from storage.objects where bucket_id = %s", [bucket]).fetchone()
    assert row is not None
    assert (row[0]["size"], row[0]["mimetype"], row[0]["cacheControl"]) == (len(content), "text/plain", "max-age=60")
    digests = b"".join(hashlib.md5(content[at : at + CHUNK]).digest() for at in range(0, len(content), CHUNK))
    assert row[0]["eTag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'


async def test_bytes_may_come_with_the_creation(tus: Tus, service: Client, bucket: str) -> None:
    name = unique("t")
    metadata = {"upload-metadata": pairs(bucketName=bucket, objectName=name), "upload-length": "5"}
    answer = await tus.ask("POST", UPLOADS, {**metadata, **CHUNK_TYPE}, b"hel")
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "3")
    await tus.append(answer.headers["location"], 3, b"lo")
    assert await service.storage.from_(bucket).download(name) == b"hello"


async def test_an_empty_object(tus: Tus, service: Client, bucket: str) -> None:
    name = unique("t")
    await tus.begin(bucket, name, 0)
    assert await service.storage.from_(bucket).download(name) == b""


async def test_the_length_may_come_later(tus: Tus, service: Client, bucket: str) -> None:
    name = unique("t")
    url = await tus.begin(bucket, name, None)
    await tus.append(url, 0, b"hel")
    assert (await tus.ask("HEAD", url, {})).headers["upload-defer-length"] == "1"
    await tus.append(url, 3, b"lo", **{"upload-length": "5"})
    assert await service.storage.from_(bucket).download(name) == b"hello"


async def test_a_broken_connection_leaves_what_had_come(tus: Tus, service: Client, bucket: str) -> None:
    name = unique("t")
    url = await tus.begin(bucket, name, 100_000)
    half_sent = asyncio.Event()

    async def halting() -> AsyncIterator[bytes]:
        yield b"a" * 60_000
        half_sent.set()
        await asyncio.Event().wait()

    sending = asyncio.create_task(tus.append(url, 0, halting(), **{"content-length": "100000"}))
    await half_sent.wait()
    # Another connection asks while the first still hangs: the first is told to stop, and once it has, where to go on.
    offset: int = await eventually_async(lambda: tus.offset(url), within=20)
    assert 0 <= offset <= 60_000
    sending.cancel()
    await asyncio.wait([sending])
    await tus.append(url, offset, b"a" * (100_000 - offset))
    assert await service.storage.from_(bucket).download(name) == b"a" * 100_000


async def test_requests_that_break_the_protocol(tus: Tus, bucket: str) -> None:
    url = await tus.begin(bucket, unique("t"), 5)
    assert (await tus.append(url, 3, b"lo")).status_code == 409
    assert (await tus.append(url, 0, b"too long")).status_code == 413
    assert (await tus.ask("PATCH", url, {"upload-offset": "0", "content-type": "text/plain"}, b"x")).status_code == 403
    assert (await tus.ask("PATCH", url, CHUNK_TYPE, b"x")).status_code == 403
    assert (await tus.ask("HEAD", url, {"tus-resumable": "0.2.2"})).status_code == 412
    assert (await tus.ask("POST", UPLOADS, {"upload-metadata": pairs(bucketName=bucket)})).status_code == 400
    assert (await tus.create(bucket, "../up", 1)).status_code in (400, 201)
    assert (await tus.create(bucket, "bad\tname", 1)).status_code == 400
    assert (await tus.create(bucket, "ok", 10**14)).status_code == 413
    assert (await tus.create("contract-nowhere", "ok", 1)).status_code == 404
    assert (await tus.ask("PATCH", f"{url[:-4]}AAAA", {**CHUNK_TYPE, "upload-offset": "0"}, b"x")).status_code == 404


async def test_metadata_that_the_database_cannot_hold(tus: Tus, bucket: str) -> None:
    named = {"bucketName": bucket, "objectName": unique("t")}
    for more in ({"contentType": "text/\0plain"}, {"metadata": '{"a": "\\u0000"}'}):
        headers = {"upload-length": "1", "upload-metadata": pairs(**named, **more)}
        assert (await tus.ask("POST", UPLOADS, headers)).status_code == 400


async def test_an_ended_upload_is_gone(tus: Tus, bucket: str) -> None:
    url = await tus.begin(bucket, unique("t"), 5)
    assert (await tus.ask("DELETE", url, {})).status_code == 204
    assert (await tus.ask("HEAD", url, {})).status_code in (404, 410)


async def test_a_finished_upload_is_remembered(tus: Tus, bucket: str) -> None:
    url = await tus.begin(bucket, unique("t"), 5)
    await tus.append(url, 0, b"hello")
    assert await tus.offset(url) == 5
    assert (await tus.ask("DELETE", url, {})).status_code == 400


async def test_a_taken_name_is_refused_unless_upserting(tus: Tus, service: Client, bucket: str) -> None:
    files, name = service.storage.from_(bucket), unique("t")
    await files.upload(name, b"one")
    assert (await tus.create(bucket, name, 3)).status_code == 409
    url = await tus.begin(bucket, name, 3, **{"x-upsert": "true"})
    await tus.append(url, 0, b"two", **{"x-upsert": "true"})
    assert await files.download(name) == b"two"


async def test_row_level_security_holds_at_every_step(
    http: httpx.AsyncClient, project: Project, bucket: str, person: Person, other: Person, owner: Owner
) -> None:
    mine, theirs = Tus(http, await token_of(person)), Tus(http, await token_of(other))
    name = f"{person.id}/{unique('t')}"
    assert (await theirs.create(bucket, name, 5)).status_code == 403
    assert (await Tus(http, project.publishable_key).create(bucket, name, 5)).status_code == 403
    url = await mine.begin(bucket, name, 5)
    assert (await theirs.append(url, 0, b"evil!")).status_code == 403
    assert (await theirs.ask("DELETE", url, {})).status_code == 403
    assert (await Tus(http, "no.such.token").append(url, 0, b"evil!")).status_code in (400, 401, 403)
    assert (await mine.append(url, 0, b"hello")).status_code == 204
    row = owner.execute("select owner_id from storage.objects where name = %s", [name]).fetchone()
    assert row == (person.id,)


async def test_a_right_that_was_taken_away_ends_the_upload(
    http: httpx.AsyncClient, bucket: str, person: Person, owner: Owner
) -> None:
    mine = Tus(http, await token_of(person))
    url = await mine.begin(bucket, f"{person.id}/{unique('t')}", 5)
    policy = unique("contract-")
    owner.execute(
        f'create policy "{policy}" on storage.objects as restrictive for insert to authenticated'
        f" with check (bucket_id <> '{bucket}')"
    )
    try:
        assert (await mine.append(url, 0, b"hello")).status_code == 403
    finally:
        owner.execute(f'drop policy "{policy}" on storage.objects')


async def test_a_signed_upload(http: httpx.AsyncClient, service: Client, bucket: str) -> None:
    name = unique("t")
    signed = await service.storage.from_(bucket).create_signed_upload_url(name)
    headers = {"tus-resumable": "1.0.0", "x-signature": signed["token"]}
    metadata = {"upload-metadata": pairs(bucketName=bucket, objectName=name), "upload-length": "5"}
    created = await http.post(f"{UPLOADS}/sign", headers={**headers, **metadata})
    assert created.status_code == 201, created.text
    url = created.headers["location"]
    assert "/upload/resumable/sign/" in url
    answer = await http.patch(url, headers={**headers, **CHUNK_TYPE, "upload-offset": "0"}, content=b"hello")
    assert answer.status_code == 204
    assert await service.storage.from_(bucket).download(name) == b"hello"
    elsewhere = {**metadata, "upload-metadata": pairs(bucketName=bucket, objectName="other")}
    assert (await http.post(f"{UPLOADS}/sign", headers={**headers, **elsewhere})).status_code in (400, 403)
