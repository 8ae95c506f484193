"""Who may do what with objects: policies, public buckets, signed addresses, keys."""

import time
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from storage3.exceptions import StorageApiError

from tests.contract.conftest import Client, Person, Project, unique

pytestmark = pytest.mark.anyio


async def code_of(attempt: Any) -> str:
    with pytest.raises(StorageApiError) as refused:
        await attempt
    return str(refused.value.code)


async def test_policies_decide_for_each_verb(service: Client, person: Person, other: Person, bucket: str) -> None:
    mine, theirs, name = (person.client.storage.from_(bucket), other.client.storage.from_(bucket), f"{person.id}/f.txt")
    await mine.upload(name, b"mine")
    assert await mine.download(name) == b"mine"
    assert await code_of(theirs.download(name)) == "not_found"
    assert await code_of(theirs.info(name)) == "not_found"
    assert await code_of(theirs.create_signed_url(name, 60)) == "not_found"
    assert await code_of(theirs.upload(f"{person.id}/g.txt", b"x")) == "Unauthorized"
    assert await code_of(theirs.upload(name, b"x", {"upsert": "true"})) == "Unauthorized"
    assert await code_of(theirs.update(name, b"x")) == "Unauthorized"
    assert await code_of(theirs.move(name, f"{other.id}/f.txt")) == "not_found"
    assert await code_of(theirs.copy(name, f"{other.id}/f.txt")) == "not_found"
    assert await code_of(theirs.create_signed_upload_url(f"{person.id}/h.txt")) == "Unauthorized"
    assert await theirs.remove([name]) == []
    assert await theirs.list(person.id) == []
    assert await mine.download(name) == b"mine"
    await mine.update(name, b"mine again")
    assert [one["name"] for one in await mine.list(person.id)] == ["f.txt"]
    assert [one["name"] for one in await mine.remove([name])] == [name]
    assert not await service.storage.from_(bucket).exists(name)


async def test_what_may_be_read_may_not_thereby_be_changed(service: Client, person: Person, bucket: str) -> None:
    await service.storage.from_(bucket).upload("shared/s.txt", b"s")
    mine = person.client.storage.from_(bucket)
    assert await mine.download("shared/s.txt") == b"s"
    assert await code_of(mine.update("shared/s.txt", b"x")) == "Unauthorized"
    assert await code_of(mine.move("shared/s.txt", f"{person.id}/s.txt")) == "Unauthorized"
    assert await mine.remove(["shared/s.txt"]) == []
    await mine.copy("shared/s.txt", f"{person.id}/s.txt")
    assert await mine.download(f"{person.id}/s.txt") == b"s"


async def test_the_row_belongs_to_who_uploaded(
    person: Person, bucket: str, owner: psycopg.Connection[tuple[Any, ...]]
) -> None:
    await person.client.storage.from_(bucket).upload(f"{person.id}/o.txt", b"o")
    row = owner.execute("select owner::text, owner_id from storage.objects where bucket_id = %s", [bucket]).fetchone()
    assert row == (person.id, person.id)


async def test_the_publishable_key_alone_opens_nothing(service: Client, anon: Client, bucket: str) -> None:
    await service.storage.from_(bucket).upload("x.txt", b"x")
    files = anon.storage.from_(bucket)
    assert await code_of(files.download("x.txt")) == "not_found"
    assert await code_of(files.upload("y.txt", b"y")) == "Unauthorized"
    assert await anon.storage.list_buckets() == []
    assert await code_of(anon.storage.create_bucket("contract-anon")) == "Unauthorized"


async def test_public_buckets(service: Client, http: httpx.AsyncClient, bucket: str) -> None:
    files = service.storage.from_(bucket)
    await files.upload("p.txt", b"p", {"content-type": "text/plain"})
    url = await files.get_public_url("p.txt")
    async with httpx.AsyncClient() as bare:
        closed = await bare.get(url)
        assert (closed.status_code, closed.json()["error"]) == (400, "Bucket not found")
        await service.storage.update_bucket(bucket, {"public": True})
        opened = await bare.get(url)
        assert (opened.status_code, opened.content) == (200, b"p")
        assert (await bare.get(url.replace("p.txt", "none.txt"))).json()["error"] == "not_found"
        assert (await bare.get(url.replace("/public/", "/"))).content == b"p"


async def test_signed_addresses(service: Client, bucket: str) -> None:
    files = service.storage.from_(bucket)
    await files.upload("folder/a b.txt", b"signed", {"content-type": "text/plain"})
    await files.upload("other.txt", b"other")
    url = (await files.create_signed_url("folder/a b.txt", 60))["signedUrl"] or pytest.fail("no address")
    async with httpx.AsyncClient() as bare:
        assert (await bare.get(url)).content == b"signed"
        elsewhere = await bare.get(url.replace("folder/a%20b.txt", "other.txt"))
        assert (elsewhere.status_code, elsewhere.json()["error"]) == (400, "InvalidSignature")
        assert (await bare.get(url[:-3])).status_code == 400
        assert (await bare.get(url.split("?")[0])).status_code == 400
    several = await files.create_signed_urls(["other.txt", "none"], 60)
    assert [(one["path"], one["error"] is None, bool(one["signedURL"])) for one in several] == [
        ("other.txt", True, True),
        ("none", False, False),
    ]


async def test_a_signed_address_is_no_key(project: Project, service: Client, bucket: str) -> None:
    await service.storage.from_(bucket).upload("s.txt", b"s")
    url = (await service.storage.from_(bucket).create_signed_url("s.txt", 60))["signedUrl"] or pytest.fail("no address")
    token = httpx.URL(url).params["token"]
    async with httpx.AsyncClient(base_url=project.url, headers={"apikey": project.publishable_key}) as bare:
        answer = await bare.get("/rest/v1/contract_books", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        put = await bare.put(f"/storage/v1/object/upload/sign/{bucket}/s.txt?token={token}", content=b"x")
        assert put.status_code == 400
    assert await service.storage.from_(bucket).download("s.txt") == b"s"


async def test_signed_uploads(
    service: Client, person: Person, anon: Client, bucket: str, owner: psycopg.Connection[tuple[Any, ...]]
) -> None:
    name = f"{person.id}/later.txt"
    signed = await person.client.storage.from_(bucket).create_signed_upload_url(name)
    await anon.storage.from_(bucket).upload_to_signed_url(name, signed["token"], b"later")
    assert await person.client.storage.from_(bucket).download(name) == b"later"
    row = owner.execute("select owner_id from storage.objects where bucket_id = %s", [bucket]).fetchone()
    assert row == (person.id,)
    elsewhere = anon.storage.from_(bucket).upload_to_signed_url(f"{person.id}/x.txt", signed["token"], b"x")
    assert await code_of(elsewhere) == "InvalidSignature"


async def test_tokens_are_checked(project: Project, bucket: str) -> None:
    forged = jwt.encode(
        {"role": "service_role", "exp": int(time.time()) + 60},
        "some other secret, long enough for it",
        algorithm="HS256",
    )
    async with httpx.AsyncClient(base_url=project.url, headers={"apikey": project.publishable_key}) as bare:
        for token in ("a.b.c", forged):
            answer = await bare.get("/storage/v1/bucket", headers={"authorization": f"Bearer {token}"})
            assert (answer.status_code, answer.json()["error"]) == (400, "Unauthorized")
    async with httpx.AsyncClient(base_url=project.url) as nobody:
        assert (await nobody.get("/storage/v1/bucket")).status_code in (400, 401)


async def test_buckets(service: Client) -> None:
    name = unique("contract-")
    await service.storage.create_bucket(
        name, options={"public": False, "file_size_limit": "1KB", "allowed_mime_types": ["image/*", "text/plain"]}
    )
    made = await service.storage.get_bucket(name)
    assert (made.id, made.public, made.file_size_limit) == (name, False, 1000)
    assert made.allowed_mime_types == ["image/*", "text/plain"]
    assert name in [one.id for one in await service.storage.list_buckets()]
    assert await code_of(service.storage.create_bucket(name)) == "Duplicate"
    files = service.storage.from_(name)
    assert await code_of(files.upload("b.pdf", b"x", {"content-type": "application/pdf"})) == "invalid_mime_type"
    assert await code_of(files.upload("b.txt", b"x" * 1001, {"content-type": "text/plain"})) == "Payload too large"
    assert await files.list() == []
    await files.upload("b.txt", b"x" * 1000, {"content-type": "text/plain"})
    assert (await code_of(service.storage.delete_bucket(name))) in ("ResourceNotEmpty", "InvalidRequest")
    await service.storage.update_bucket(name, {"file_size_limit": None, "public": True})
    changed = await service.storage.get_bucket(name)
    assert (changed.public, changed.file_size_limit, changed.allowed_mime_types) == (
        True,
        None,
        ["image/*", "text/plain"],
    )
    await service.storage.empty_bucket(name)
    await service.storage.delete_bucket(name)
    assert await code_of(service.storage.get_bucket(name)) == "Bucket not found"
