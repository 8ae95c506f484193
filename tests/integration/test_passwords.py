"""Passwords of encrypted files reach one reading and are gone."""

import json
import uuid

import psycopg
import pytest

from tests.integration.engine import Engine

SECRET = "correct horse"


def provide(engine: Engine, document: uuid.UUID, user: uuid.UUID, password: str = SECRET) -> bool:
    with psycopg.connect(engine.dsn) as own:
        own.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps({"sub": str(user)})])
        own.execute("set local role authenticated")
        answer = own.execute("select public.provide_password(%s, %s)", [document, password]).fetchone()
    assert answer is not None
    return bool(answer[0])


def fail_as(engine: Engine, code: str) -> str | None:
    """Read the document and fail so; return the password that came along."""
    job = engine.claim_one("parse")
    told = engine.one("select public.start_parse_v1(%s, %s)", job["id"], job["fence"])["document"]
    engine.act("fail_job_v1", job, "permanent", code, "It is locked.", 0)
    password: str | None = told["password"]
    return password


def kept(engine: Engine) -> int:
    return int(engine.one("select count(*) from rivulet.passwords"))


@pytest.fixture
def locked(engine: Engine) -> tuple[uuid.UUID, uuid.UUID]:
    """A person, and a document of theirs that asks for a password."""
    user = engine.person()
    document = engine.document(user)
    assert fail_as(engine, "encrypted") is None
    return user, document


def test_it_reaches_the_next_reading_and_no_other(engine: Engine, locked: tuple[uuid.UUID, uuid.UUID]) -> None:
    user, document = locked
    assert provide(engine, document, user)
    assert engine.one("select status from public.documents where id = %s", document) == "queued"
    assert fail_as(engine, "wrong_password") == SECRET
    assert kept(engine) == 0
    assert provide(engine, document, user, "another")
    assert fail_as(engine, "encrypted") == "another"


def test_it_is_nowhere_else(engine: Engine, locked: tuple[uuid.UUID, uuid.UUID]) -> None:
    user, document = locked
    provide(engine, document, user)
    fail_as(engine, "wrong_password")
    tables = engine.all(
        "select schemaname || '.' || quote_ident(tablename) from pg_tables where schemaname in ('public', 'rivulet')"
    )
    assert ("rivulet.jobs",) in tables
    for (table,) in tables:
        assert engine.one(f"select count(*) from {table} t where t::text like %s", f"%{SECRET}%") == 0, table


def test_it_is_written_to_no_log_of_the_database(engine: Engine) -> None:
    assert engine.one("select relpersistence::text from pg_class where oid = 'rivulet.passwords'::regclass") == "u"


def test_it_expires(engine: Engine, locked: tuple[uuid.UUID, uuid.UUID]) -> None:
    user, document = locked
    provide(engine, document, user)
    engine.all("update rivulet.passwords set expires_at = clock_timestamp()")
    assert fail_as(engine, "encrypted") is None
    assert kept(engine) == 0


def test_it_goes_with_its_document(engine: Engine, locked: tuple[uuid.UUID, uuid.UUID]) -> None:
    user, document = locked
    provide(engine, document, user)
    engine.all("delete from public.documents where id = %s", document)
    assert kept(engine) == 0


def test_editors_alone_provide_one(engine: Engine, locked: tuple[uuid.UUID, uuid.UUID]) -> None:
    user, document = locked
    viewer, stranger = engine.person(), engine.person()
    engine.all(
        "insert into public.library_members (library_id, user_id, role) values (%s, %s, 'viewer')",
        engine.library(user),
        viewer,
    )
    for other in (viewer, stranger):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            provide(engine, document, other)
    for wrong in ("", "x" * 1001):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            provide(engine, document, user, wrong)
    assert kept(engine) == 0


def test_nobody_reads_the_table(engine: Engine) -> None:
    for role in ("anon", "authenticated", "service_role"):
        with psycopg.connect(engine.dsn) as own:
            own.execute(f"set local role {role}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own.execute("select * from rivulet.passwords")


def test_a_document_that_asks_for_none_takes_none(engine: Engine) -> None:
    user = engine.person()
    document = engine.document(user)
    assert not provide(engine, document, user)
    fail_as(engine, "damaged")
    assert not provide(engine, document, user)
    assert kept(engine) == 0
