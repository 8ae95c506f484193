"""Quotas of libraries: exact however many write at once, and no trouble for whoever writes to a watched table."""

import threading
import uuid
from typing import Any

import psycopg
import pytest

from tests.integration.engine import Engine, waiting
from tests.integration.test_documents import put_object
from tests.integration.test_visibility import signed_in
from tests.waiting import eventually


def usage(engine: Engine, library: uuid.UUID) -> tuple[int, int]:
    """What the library is said to hold, which must be what it holds."""
    [(documents, size)] = engine.all("select documents, bytes from rivulet.used(%s)", library)
    [counted] = engine.all(
        "select count(*), coalesce(sum(bytes), 0)::bigint from public.documents d"
        " where library_id = %s and rivulet.counts(d)",
        library,
    )
    assert (documents, size) == counted
    return documents, size


def limit(engine: Engine, library: uuid.UUID | None, documents: int | None, size: int | None = None) -> None:
    engine.all("select public.set_quota_v1(%s, %s, %s)", library, documents, size)


def test_a_library_takes_documents_up_to_its_quota(engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    limit(engine, library, 2)
    engine.document(user), engine.document(user)
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        engine.document(user)
    assert str(refused.value.diag.message_primary) == "The library holds 2 of at most 2 documents."
    assert refused.value.diag.message_detail == "over_quota"
    assert refused.value.diag.message_hint is not None
    assert usage(engine, library)[0] == 2
    engine.all("delete from public.documents where library_id = %s", library)
    assert usage(engine, library) == (0, 0)
    engine.document(user)


def test_bytes_count_when_a_text_grows(engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    limit(engine, library, None, 100)
    document = engine.document(user, content="x" * 60)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="60 bytes of at most 100 bytes"):
        engine.document(user, content="x" * 60)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        engine.all("update public.documents set content = %s where id = %s", "x" * 101, document)
    engine.all("update public.documents set content = %s where id = %s", "x" * 100, document)
    limit(engine, library, None, 50)  # what is over a new quota stays, and may shrink
    engine.all("update public.documents set content = %s where id = %s", "x" * 90, document)
    assert usage(engine, library) == (1, 90)


def test_the_default_holds_for_libraries_without_a_quota_of_their_own(engine: Engine) -> None:
    first, second = engine.person(), engine.person()
    limit(engine, None, 0)
    limit(engine, engine.library(second), 1)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        engine.document(first)
    engine.document(second)
    engine.all("select public.clear_quota_v1(%s)", engine.library(second))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        engine.document(second)


def make(engine: Engine, user: uuid.UUID, count: int = 1) -> None:
    """Libraries, in one statement."""
    insert = "insert into public.libraries (name, owner_id) select 'l', %s from generate_series(1, %s)"
    engine.all(insert, user, count)


def test_a_person_owns_so_many_libraries(engine: Engine) -> None:
    user, other = engine.person(), engine.person()
    make(engine, user, 99)
    with signed_in(engine, user) as person, pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        person.execute("insert into public.libraries (name) values ('one too many')")
    assert refused.value.diag.message_primary == "One person may own at most 100 libraries."
    assert refused.value.diag.message_detail == "over_quota"
    assert refused.value.diag.message_hint == (
        "Delete libraries that nobody needs, or ask whoever runs this service for a larger quota."
    )
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="at most 100"):
        make(engine, other, 100)
    make(engine, other)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="at most 100"):
        engine.all("update public.libraries set owner_id = %s where owner_id = %s and not personal", user, other)


def test_operators_decide_how_many(engine: Engine) -> None:
    user, other = engine.person(), engine.person()
    engine.all("select public.set_owner_quota_v1(null, 0)")
    engine.all("select public.set_owner_quota_v1(%s, 2)", user)
    make(engine, user)
    for each in (user, other):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="at most"):
            make(engine, each)
    engine.library(engine.person())  # whoever signs up has one nevertheless
    engine.all("select public.set_owner_quota_v1(%s, null)", user)
    make(engine, user, 200)
    engine.all("select public.clear_owner_quota_v1(%s)", user)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="at most 0 libraries"):
        make(engine, user)


def test_the_last_library_is_made_once(engine: Engine) -> None:
    user = engine.person()
    engine.all("select public.set_owner_quota_v1(%s, 2)", user)
    with engine.connection.transaction():
        make(engine, user)
        second = waiting(engine, lambda other: make(other, user))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="at most 2 libraries"):
        second.result()


def test_a_replaced_object_counts_once(engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    limit(engine, library, 1, 4)
    put_object(engine, f"{library}/a.txt", "one")
    put_object(engine, f"{library}/a.txt", "two")
    assert usage(engine, library) == (1, 4)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        put_object(engine, f"{library}/b.txt")


def test_a_library_goes_with_everything_in_it(engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    for _ in range(3):
        engine.document(user)
    engine.all("delete from auth.users where id = %s", user)
    for table in ("usage", "usage_changes"):
        assert engine.all(f"select from rivulet.{table} where library_id = %s", library) == []


def test_no_text_is_kept_that_is_not_counted(engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    put_object(engine, f"{library}/a.txt")
    engine.all(
        "insert into public.documents (library_id, source, url) values (%s, 'url', 'https://a.example')", library
    )
    for source in ("storage", "url"):
        with signed_in(engine, user) as person, pytest.raises(psycopg.errors.CheckViolation, match="has_its_source"):
            person.execute("update public.documents set content = 'text' where source = %s", [source])


def test_the_quota_is_exact_when_many_write_at_once(engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    limit(engine, library, 25)
    start, outcomes = threading.Barrier(8), []

    def write() -> None:
        with psycopg.connect(engine.dsn, autocommit=True) as own:
            start.wait()
            for _ in range(6):
                try:
                    own.execute(
                        "insert into public.documents (library_id, title, content) values (%s, 't', 'text')", [library]
                    )
                    outcomes.append(True)
                except psycopg.errors.InsufficientPrivilege:
                    outcomes.append(False)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count(True), outcomes.count(False)) == (25, 23)
    assert usage(engine, library)[0] == 25


@pytest.mark.parametrize("commits", [True, False])
def test_the_last_place_is_given_once(engine: Engine, commits: bool) -> None:
    user = engine.person()
    library = engine.library(user)
    limit(engine, library, 1)
    insert = b"insert into public.documents (library_id, title, content) values (%s, 't', 'text')"
    outcome: list[bool] = []

    def follow() -> None:
        with psycopg.connect(engine.dsn, autocommit=True, application_name="second") as second:
            try:
                second.execute(insert, [library])
                outcome.append(True)
            except psycopg.errors.InsufficientPrivilege:
                outcome.append(False)

    def waits() -> None:
        assert engine.all(
            "select pid from pg_stat_activity where application_name = 'second' and wait_event_type = 'Lock'"
        )

    thread = threading.Thread(target=follow)
    with psycopg.connect(engine.dsn) as first:
        first.execute(insert, [library])
        thread.start()
        eventually(waits)
        first.commit() if commits else first.rollback()
    thread.join()
    assert outcome == [not commits]
    assert usage(engine, library)[0] == 1


@pytest.fixture
def watched(engine: Engine) -> tuple[Engine, uuid.UUID]:
    """A watched table whose library has room for two."""
    user = engine.person()
    library = engine.library(user)
    engine.all("create table public.notes (id integer primary key, body text)")
    engine.all("select rivulet.watch('public.notes', %s, 'Note {id}', array['body'])", library)
    limit(engine, library, 2)
    return engine, library


def rows(engine: Engine) -> list[Any]:
    return engine.all("select title, status, error_code, error_message from public.documents order by title")


def test_the_writer_of_a_watched_table_never_hears_of_it(watched: tuple[Engine, uuid.UUID]) -> None:
    engine, library = watched
    engine.all("insert into public.notes select n, 'text ' || n from generate_series(1, 3) n")
    [first, second, third] = rows(engine)
    assert (first[1], second[1]) == ("queued", "queued")
    assert third == ("Note 3", "failed", "over_quota", "The quota of the library has no room for this row.")
    assert usage(engine, library)[0] == 2
    assert len(engine.claim("parse")) == 2

    engine.all("update public.notes set body = 'other' where id = 3")
    assert rows(engine)[2][2] == "over_quota"
    engine.all("update public.notes set body = 'other' where id = 1")
    assert rows(engine)[0][1] == "queued"
    engine.all("delete from public.notes where id = 1")
    [document] = engine.all("select id from public.documents where title = 'Note 3'")
    assert engine.one("select rivulet.restart_document(%s)", document[0])
    assert rows(engine)[1][:2] == ("Note 3", "queued")
    assert usage(engine, library)[0] == 2


def test_retrying_without_room_fails_again(watched: tuple[Engine, uuid.UUID]) -> None:
    engine, library = watched
    engine.all("insert into public.notes select n, 'text ' || n from generate_series(1, 3) n")
    [document] = engine.all("select id from public.documents where status = 'failed'")
    engine.one("select rivulet.restart_document(%s)", document[0])
    assert rows(engine)[2][2] == "over_quota"
    assert usage(engine, library)[0] == 2


def test_members_see_what_their_library_holds(engine: Engine) -> None:
    member, stranger = engine.person(), engine.person()
    library = engine.library(member)
    limit(engine, library, 7, 1000)
    engine.document(member, content="four")

    def seen_by(user: uuid.UUID) -> list[Any]:
        with psycopg.connect(engine.dsn) as own:
            own.execute("select set_config('request.jwt.claims', %s, true)", [f'{{"sub": "{user}"}}'])
            own.execute("set local role authenticated")
            return own.execute("select * from public.library_usage(%s)", [library]).fetchall()

    assert seen_by(member) == [(library, 1, 4, 7, 1000)]
    assert seen_by(stranger) == []
