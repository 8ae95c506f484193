"""Documents with an address, from the row to the passages and back: no work for what has not changed."""

import json
import uuid
from typing import Any

import psycopg
import pytest

from tests.integration.engine import Engine, passage

URL = "https://www.example.com/weir"


def add(engine: Engine, user: uuid.UUID, url: str = URL) -> uuid.UUID:
    document: uuid.UUID = engine.one(
        "insert into public.documents (library_id, source, url) values (%s, 'url', %s) returning id",
        engine.library(user),
        url,
    )
    return document


def row(engine: Engine, document: uuid.UUID) -> dict[str, Any]:
    found: dict[str, Any] = engine.one("select to_jsonb(d) from public.documents d where id = %s", document)
    return found


def fetch(engine: Engine, digest: str | None, size: int = 10, etag: str | None = None) -> tuple[str, dict[str, Any]]:
    """Start the next reading and say that these bytes were fetched; return the status and what the reader was told."""
    job = engine.claim_one("parse")
    told = engine.one("select public.start_parse_v1(%s, %s)", job["id"], job["fence"])["document"]
    status = engine.act("record_fetch_v1", job, digest, size, etag, None)
    if status == "ok":
        assert engine.act("append_chunks_v1", job, [passage(0, f"text of {digest}")], 1, 2) == "ok"
        assert engine.act("complete_parse_v1", job, 3, "text/html", None) == "done"
        engine.embed()
    return status, told


def refetch(engine: Engine, document: uuid.UUID, user: uuid.UUID) -> bool:
    with psycopg.connect(engine.dsn) as own:
        own.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps({"sub": str(user)})])
        own.execute("set local role authenticated")
        answer = own.execute("select public.refetch_document(%s)", [document]).fetchone()
    assert answer is not None
    return bool(answer[0])


def test_an_address_becomes_a_document(engine: Engine) -> None:
    user = engine.person()
    document = add(engine, user)
    assert row(engine, document)["title"] == "example.com/weir"
    status, told = fetch(engine, "one", etag='"1"')
    assert (status, told["url"], told["fetched"], told["password"]) == ("ok", URL, None, None)
    ended = row(engine, document)
    assert (ended["status"], ended["bytes"], ended["pages"], ended["active_version"]) == ("ready", 10, 3, 1)


@pytest.mark.parametrize("digest", ["one", None])  # the same bytes; or the server says that nothing has changed
def test_the_same_page_again_makes_no_work(engine: Engine, digest: str | None) -> None:
    user = engine.person()
    document = add(engine, user)
    fetch(engine, "one", etag='"1"')
    assert refetch(engine, document, user)
    status, told = fetch(engine, digest)
    assert (status, told["fetched"]) == ("unchanged", {"hash": "one", "etag": '"1"', "last_modified": None})
    kept = row(engine, document)
    assert (kept["status"], kept["active_version"], kept["pages"], kept["chunks_total"]) == ("ready", 1, 3, 1)
    assert engine.claim("embed") == []
    assert engine.one("select text from public.chunks where document_id = %s", document) == "text of one"
    assert refetch(engine, document, user)  # and again, after that
    assert fetch(engine, "one")[0] == "unchanged"


def test_another_page_swaps_in(engine: Engine) -> None:
    user = engine.person()
    document = add(engine, user)
    fetch(engine, "one")
    refetch(engine, document, user)
    assert fetch(engine, "two")[0] == "ok"
    assert row(engine, document)["status"] == "ready"
    active = "select c.text from public.chunks c join public.documents d on d.id = c.document_id"
    assert engine.one(f"{active} where c.version = d.active_version") == "text of two"


def test_a_page_that_could_not_be_read_is_not_taken_for_the_one_that_is_searched(engine: Engine) -> None:
    user = engine.person()
    document = add(engine, user)
    fetch(engine, "one")
    refetch(engine, document, user)
    job = engine.claim_one("parse")
    engine.act("start_parse_v1", job)
    engine.act("record_fetch_v1", job, "two", 10, None, None)
    engine.fail(job, "permanent")
    assert row(engine, document)["status"] == "failed"
    assert refetch(engine, document, user)
    assert fetch(engine, "two")[0] == "ok"


def test_another_address_is_asked_without_the_old_ones_tags(engine: Engine) -> None:
    user = engine.person()
    document = add(engine, user)
    fetch(engine, "one", etag='"1"')
    engine.all("update public.documents set url = 'https://example.org/' where id = %s", document)
    status, told = fetch(engine, "two")
    assert (status, told["fetched"]) == ("ok", {"hash": "one", "etag": None, "last_modified": None})


def test_a_page_that_is_too_much_for_its_library(engine: Engine) -> None:
    user = engine.person()
    add(engine, user)
    engine.all("select public.set_quota_v1(%s, null, 5)", engine.library(user))
    assert fetch(engine, "one", 6)[0] == "over_quota"


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "example.com", "https://me:secret@example.com/", "https://", "https://a b/", "x" * 10]
)
def test_what_is_no_address(engine: Engine, url: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        add(engine, engine.person(), url)


def test_an_address_is_in_a_library_once(engine: Engine) -> None:
    first, second = engine.person(), engine.person()
    add(engine, first)
    add(engine, second)
    with pytest.raises(psycopg.errors.UniqueViolation):
        add(engine, first)


def test_editors_add_and_refetch_addresses_and_nobody_else(engine: Engine) -> None:
    editor, stranger = engine.person(), engine.person()
    library = engine.library(editor)
    insert = "insert into public.documents (library_id, source, url) values (%s, 'url', %s)"
    for user, allowed in ((editor, True), (stranger, False)):
        with psycopg.connect(engine.dsn) as own:
            own.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps({"sub": str(user)})])
            own.execute("set local role authenticated")
            if allowed:
                own.execute(insert.encode(), [library, URL])
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    own.execute(insert.encode(), [library, f"{URL}/2"])
    document = engine.one("select id from public.documents")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        refetch(engine, document, stranger)
    assert not refetch(engine, document, editor)  # it is waiting to be fetched already
