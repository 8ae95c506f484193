"""Who sees and does what: row level security, function grants, Realtime topics, the bell."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.integration.engine import ANSWER, Engine, Row

TABLES = [
    "libraries",
    "library_members",
    "documents",
    "chunks",
    "deletions",
    "conversations",
    "messages",
    "citations",
    "provenance",
    "feedback",
    "watches",
    "invitations",
]


@contextmanager
def signed_in(engine: Engine, user: uuid.UUID | None, role: str = "authenticated") -> Iterator[psycopg.Connection]:
    """A transaction as the Data API opens it for a person; rolled back at the end."""
    claims = json.dumps({"sub": str(user), "role": role} if user else {"role": role})
    with psycopg.connect(engine.dsn) as connection:
        connection.execute("select set_config('request.jwt.claims', %s, true)", [claims])
        connection.execute(f"set local role {role}".encode())
        yield connection
        connection.rollback()


def visible(engine: Engine, user: uuid.UUID, table: str) -> int:
    with signed_in(engine, user) as connection:
        row = connection.execute(f"select count(*) from public.{table}".encode()).fetchone()
        assert row
        count: int = row[0]
        return count


@pytest.fixture
def full(engine: Engine) -> tuple[uuid.UUID, uuid.UUID]:
    """A person with something in every table, and a stranger."""
    user, stranger = engine.person(), engine.person()
    engine.ingest(user, ["Old weir."])
    engine.all("delete from public.documents where id = %s", engine.document(user, "Gone"))
    answer = engine.ask(engine.conversation(user))
    job = engine.claim_one("respond")
    citation = {
        "marker": 1,
        "chunk_id": str(engine.one("select id from public.chunks")),
        "char_start": 0,
        "char_end": 3,
    }
    provenance = {
        "query": "old weir",
        "passages": [citation["chunk_id"]],
        "prompt_sha256": "0" * 64,
        "prompt_tokens": 9,
    }
    engine.act("complete_respond_v1", job, {**ANSWER, "citations": [citation], "provenance": provenance})
    engine.all("insert into public.feedback (message_id, user_id, rating) values (%s, %s, 1)", answer, user)
    engine.all(
        "insert into public.invitations (library_id, email, role, invited_by)"
        " values (%s, 'x@example.com', 'viewer', %s)",
        engine.library(user),
        user,
    )
    engine.all("create schema shop")
    engine.all("create table shop.notes (id int primary key, body text)")
    engine.one("select rivulet.watch('shop.notes', %s, 'id', array['body'])", engine.library(user))
    return user, stranger


def test_every_public_table_has_row_level_security(engine: Engine) -> None:
    assert engine.all("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
                      " and not relrowsecurity") == []  # fmt: skip
    tables = {name for (name,) in engine.all("select tablename from pg_tables where schemaname = 'public'")}
    assert tables == set(TABLES)


def test_people_see_their_own_rows_and_strangers_none(engine: Engine, full: tuple[uuid.UUID, uuid.UUID]) -> None:
    user, stranger = full
    for table in TABLES:
        assert visible(engine, user, table) > 0, table
    for table in set(TABLES) - {"libraries", "library_members"}:
        assert visible(engine, stranger, table) == 0, table
    assert visible(engine, stranger, "libraries") == 1
    assert visible(engine, stranger, "library_members") == 1


@pytest.mark.parametrize("table", TABLES)
def test_anonymous_callers_are_refused(engine: Engine, table: str) -> None:
    with signed_in(engine, None, "anon") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"select 1 from public.{table}".encode())


def test_job_functions_are_for_the_service_alone(engine: Engine) -> None:
    allowed = engine.all(
        "select p.proname from pg_proc p, unnest(array['anon', 'authenticated']) role"
        " where p.pronamespace = 'public'::regnamespace and p.proname ~ '_v[0-9]+$'"
        " and has_function_privilege(role, p.oid, 'execute')"
    )
    assert allowed == []


def test_private_functions_are_closed_except_what_policies_and_defaults_ask(engine: Engine) -> None:
    allowed = engine.all(
        "select p.proname from pg_proc p where p.pronamespace = 'rivulet'::regnamespace"
        " and has_function_privilege('authenticated', p.oid, 'execute') order by 1"
    )
    assert allowed == [("libraries_of",), ("may_listen",), ("new_trace_id",), ("own_email",)]


def test_people_write_documents_conversations_and_questions_of_their_own(engine: Engine) -> None:
    user = engine.person()
    with signed_in(engine, user) as connection:
        connection.execute(
            "insert into public.documents (library_id, title, content) values (%s, 'x', 'y')", [engine.library(user)]
        )
        conversation = connection.execute("insert into public.conversations default values returning id").fetchone()
        assert conversation is not None
        connection.execute(
            "insert into public.messages (conversation_id, content) values (%s, 'hi')", [conversation[0]]
        )


def test_functions_that_run_as_their_owner_fix_their_search_path(engine: Engine) -> None:
    loose = engine.all(
        "select proname from pg_proc where prosecdef"
        " and pronamespace in ('public'::regnamespace, 'rivulet'::regnamespace)"
        " and not coalesce(proconfig::text like '%%search_path=%%', false)"
    )
    assert loose == []


@pytest.mark.parametrize(
    "statement",
    [
        "update public.documents set status = 'ready'",
        "update public.documents set active_version = 9",
        "insert into public.chunks (id, document_id) values (gen_random_uuid(), gen_random_uuid())",
        "update public.messages set content = 'forged'",
        "insert into public.citations (message_id) values (gen_random_uuid())",
        "select * from rivulet.jobs",
        "select public.visible_chunks_v1(gen_random_uuid(), '{}')",
        "select rivulet.enqueue('parse', gen_random_uuid(), gen_random_uuid(), '{}', 'x')",
    ],
)
def test_people_cannot_write_what_belongs_to_the_service(
    engine: Engine, full: tuple[uuid.UUID, uuid.UUID], statement: str
) -> None:
    with signed_in(engine, full[0]) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_people_cannot_write_into_what_is_not_theirs(engine: Engine, full: tuple[uuid.UUID, uuid.UUID]) -> None:
    user, stranger = full
    library = engine.library(user)
    conversation = engine.one("select id from public.conversations where owner_id = %s", user)
    attempts = [
        ("insert into public.documents (library_id, title, content) values (%s, 'x', 'y')", library),
        ("insert into public.library_members (library_id, user_id, role) values (%s, auth.uid(), 'editor')", library),
        ("insert into public.messages (conversation_id, content) values (%s, 'hi')", conversation),
        ("insert into public.conversations (library_id) values (%s)", library),
        ("insert into storage.objects (bucket_id, name) values ('documents', %s || '/x.txt')", str(library)),
    ]
    for statement, value in attempts:
        with signed_in(engine, stranger) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode(), [value])


def test_a_conversation_keeps_the_library_that_its_owner_has_left_and_gets_none_that_they_may_not_see(
    engine: Engine,
) -> None:
    owner, user = engine.person(), engine.person()
    left, other = engine.library(owner), engine.library(engine.person())
    engine.all("insert into public.library_members values (%s, %s, 'viewer')", left, user)
    changed = "update public.conversations set library_id = %s"
    with signed_in(engine, user) as person:
        person.execute("insert into public.conversations (library_id) values (null)")
        person.execute(changed, [left])
        person.execute("reset role")
        person.execute("delete from public.library_members where user_id = %s and library_id = %s", [user, left])
        person.execute("set local role authenticated")
        assert person.execute("update public.conversations set title = 'Weirs'").rowcount == 1
        assert person.execute(changed, [left]).rowcount == 1  # as it is
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="may not see it"), person.transaction():
            person.execute(changed, [other])
        assert person.execute(changed, [None]).rowcount == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="may not see it"):
            person.execute(changed, [left])


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("insert into public.libraries (name) values ('x' || repeat(' ', 200))", "library_name_length"),
        ("insert into public.documents (library_id, title, content) values (%(library)s, 'x' || repeat(' ', 500), 'y')",
         "document_title_length"),
        ("insert into public.documents (library_id, title, content, mime)"
         " values (%(library)s, 'x', 'y', repeat('x', 256))",
         "document_mime_length"),
        ("insert into public.documents (library_id, title, content, tags)"
         " values (%(library)s, 'x', 'y', array[repeat('x', 10001)])", "document_tags_size"),
        ("insert into public.conversations (title) values (repeat('x', 201))", "conversation_title_length"),
        ("insert into public.messages (conversation_id, content) values (%(conversation)s, 'x' || repeat(' ', 20000))",
         "question_length"),
    ],
)  # fmt: skip
def test_what_people_write_is_bounded(engine: Engine, statement: str, constraint: str) -> None:
    user = engine.person()
    values = {"library": engine.library(user), "conversation": engine.conversation(user)}
    with signed_in(engine, user) as person, pytest.raises(psycopg.errors.CheckViolation, match=constraint):
        person.execute(statement.encode(), values)


def test_an_answer_can_be_stopped_and_nothing_else(engine: Engine) -> None:
    user = engine.person()
    answer = engine.ask(engine.conversation(user))
    with signed_in(engine, user) as connection:
        stopped = connection.execute("update public.messages set status = 'cancelled' where id = %s", [answer])
        assert stopped.rowcount == 1
    with signed_in(engine, user) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("update public.messages set status = 'complete' where id = %s", [answer])


def test_a_shared_library_is_seen_by_its_members_as_long_as_they_are(engine: Engine) -> None:
    owner, member = engine.person(), engine.person()
    engine.ingest(owner, ["Old weir."])
    chunk = engine.one("select id from public.chunks")
    library = engine.library(owner)
    asked = "select public.visible_chunks_v1(%s, %s)"
    assert engine.one(asked, member, [chunk]) == []

    engine.all("insert into public.library_members values (%s, %s, 'viewer')", library, member)
    assert len(engine.one(asked, member, [chunk])) == 1
    assert visible(engine, member, "chunks") == 1
    with signed_in(engine, member) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("insert into public.documents (library_id, title, content) values (%s, 'x', 'y')", [library])

    engine.all("delete from public.library_members where user_id = %s and library_id = %s", member, library)
    assert engine.one(asked, member, [chunk]) == []
    assert visible(engine, member, "chunks") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "select from public.libraries",
        "select from public.library_members",
        "select from public.documents",
        "select from public.citations where message_id = '00000000-0000-4000-8000-000000000000'",
        "select from public.provenance where message_id = '00000000-0000-4000-8000-000000000000'",
        "insert into public.feedback (message_id, rating) values (gen_random_uuid(), 1)",
    ],
)
def test_nobody_reads_past_the_rows_of_everybody_else(engine: Engine, statement: str) -> None:
    """However many rows others have: the policies find one's own by an index."""
    engine.all("alter table public.messages disable trigger user")
    engine.all(
        "insert into public.messages (conversation_id, content) select %s, n from generate_series(1, 5000) n",
        engine.conversation(engine.person()),
    )
    engine.all("analyze public.messages")
    with signed_in(engine, engine.person()) as connection:
        connection.execute("set local enable_seqscan = off")
        row = connection.execute(f"explain (format json) {statement}".encode()).fetchone()
    assert row
    [explained] = row[0]
    scans = [node for node in nodes(explained["Plan"]) if node["Node Type"] in SCANS]
    assert [node for node in scans if "Index Cond" not in node] == []


SCANS = {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan"}


def nodes(plan: Row) -> Iterator[Row]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def test_topics_are_heard_by_those_whose_they_are(engine: Engine, full: tuple[uuid.UUID, uuid.UUID]) -> None:
    user, stranger = full
    conversation = engine.one("select id from public.conversations where owner_id = %s", user)
    topics = [f"library:{engine.library(user)}", f"conversation:{conversation}", f"person:{user}"]
    for topic in topics:
        assert engine.one("select rivulet.may_listen(%s, %s)", topic, user)
        assert not engine.one("select rivulet.may_listen(%s, %s)", topic, stranger)
    for topic in ("wake:parse", "library:", "conversation:' or true", "", "library:*"):
        assert not engine.one("select rivulet.may_listen(%s, %s)", topic, user)


def sent(engine: Engine, topic: str) -> list[str]:
    return [event for (event,) in engine.all("select event from realtime.messages where topic = %s", topic)]


def test_the_bell_rings_once_for_a_sleeping_queue_and_not_for_a_busy_one(engine: Engine) -> None:
    user = engine.person()
    engine.document(user, title="first")
    engine.document(user, title="second")
    assert sent(engine, "wake:parse") == ["wake"]

    engine.claim("parse")
    engine.document(user, title="third")
    assert sent(engine, "wake:parse") == ["wake", "wake"]


def test_a_job_is_written_even_if_the_bell_is_broken(engine: Engine, database: object) -> None:
    engine.all("alter table rivulet.queues rename column armed to broken")

    engine.document(engine.person())

    engine.all("alter table rivulet.queues rename column broken to armed")
    assert len(engine.claim("parse")) == 1


def test_watchers_hear_of_documents_and_answers_but_not_of_drafts(engine: Engine) -> None:
    user = engine.person()
    engine.ingest(user, ["Old weir."])
    heard = engine.all("select event, payload -> 'record' from realtime.messages where topic like 'library:%%'")
    assert heard[-1][1]["status"] == "ready"
    assert "content" not in heard[0][1]

    answer = engine.ask(engine.conversation(user))
    job = engine.claim_one("respond")
    engine.act("start_respond_v1", job)
    engine.act("save_draft_v1", job, "half")
    engine.act("complete_respond_v1", job, ANSWER)
    states = engine.all(
        "select payload -> 'record' ->> 'status' from realtime.messages where topic like 'conversation:%%'"
        " and payload -> 'record' ->> 'id' = %s order by inserted_at",
        str(answer),
    )
    assert states == [("pending",), ("streaming",), ("complete",)]
