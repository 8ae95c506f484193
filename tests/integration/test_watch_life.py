"""How watches begin, change with their tables and end; who may do what with them."""

import json
import uuid

import httpx
import psycopg
import pytest

from infra.cli.backup.tables import tables
from tests.conftest import Gateway
from tests.databases import Database
from tests.integration.engine import Engine
from tests.integration.test_visibility import signed_in, visible
from tests.integration.watched import Watched, ref, step, work


@pytest.fixture
def notes(engine: Engine) -> Watched:
    """A watched table with two rows."""
    engine.all("create table public.notes (id int primary key, name text, body text)")
    engine.all("insert into public.notes values (1, 'Weir', 'Old.'), (2, 'Lock', 'New.')")
    return Watched(engine, "public.notes", "name", ["body"]).caught_up()


TWO = {ref(id=1): ("Weir", "Old."), ref(id=2): ("Lock", "New.")}


@pytest.mark.parametrize(
    ("table", "title", "content", "problem"),
    [
        ("public.keyless", "id", ["body"], "no primary key"),
        ("public.overlapping", "id", ["body"], "no primary key"),
        ("public.mixed", "a", ["body"], "mixes types"),
        ("public.looks", "id", ["body"], "not a permanent table"),
        ("passing", "id", ["body"], "not a permanent table"),
        ("public.documents", "title", ["content"], "belongs to Rivulet"),
        ("rivulet.jobs", "id", ["last_error"], "belongs to Rivulet"),
        ("auth.users", "email", ["email"], "belongs to Supabase"),
        ("public.theirs", "id", ["body"], "does not belong to postgres"),
        ("public.notes", "id", [], "no content columns"),
        ("public.notes", "id", [None], "no content columns"),
        ("public.notes", "id", ["body", "Body"], 'no stored column "Body"'),
        ("public.notes", "id", ["ctid"], "no stored column ctid"),
        ("public.notes", "id", ["computed"], "no stored column computed"),
        ("public.notes", "{id} {nme}", ["body"], "no stored column nme"),
        ("public.notes", "nme", ["body"], "title names no column"),
        ("public.notes", "", ["body"], "title names no column"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_the_reason(
    engine: Engine, database: Database, table: str, title: str, content: list[str], problem: str
) -> None:
    engine.all("create schema if not exists extensions")
    engine.all("create extension citext schema extensions")
    engine.all("create extension btree_gist schema extensions")
    engine.all(
        "create table public.notes (id int primary key, body text, computed text generated always as (body) virtual)"
    )
    engine.all("create table public.keyless (id int unique, body text)")
    engine.all(
        "create table public.overlapping (id int, at daterange, body text, primary key (id, at without overlaps))"
    )
    engine.all("create table public.mixed (a int, b extensions.citext, body text, primary key (a, b))")
    with psycopg.connect(database.admin_dsn) as stranger:
        stranger.execute("create table public.theirs (id int primary key, body text)")
    engine.all("create view public.looks as select * from public.notes")
    engine.all("create temp table passing (id int primary key, body text)")
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=problem) as refused:
        Watched(engine, table, title, content)
    assert refused.value.diag.message_hint
    assert engine.all("select 1 from public.watches") == []


def test_every_table_of_ours_is_refused(engine: Engine) -> None:
    """Read from the catalog: all that is there is ours."""
    ours = engine.all(
        "select oid::regclass::text from pg_class where relkind in ('r', 'p')"
        " and relnamespace in ('public'::regnamespace, 'rivulet'::regnamespace)"
    )
    assert len(ours) > 30
    for (table,) in ours:
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="belongs to Rivulet"):
            Watched(engine, table, "id", ["id"])


def test_what_was_there_before_our_migrations_is_not_ours(engine: Engine) -> None:
    engine.all("create table public.orders (id int primary key, body text)")
    engine.all("alter table public.orders enable row level security")
    engine.all("select rivulet.note_expected()")  # as the last of them does
    assert "public.orders" not in {table.name for table in tables(engine.connection)}
    assert Watched(engine, "public.orders", "id", ["body"]).caught_up().state() == "following"


def test_a_library_that_is_not_there_is_refused(engine: Engine, notes: Watched) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="no library"):
        engine.one("select rivulet.watch('public.notes', %s, 'name', array['body'])", uuid.uuid4())


def test_a_table_that_is_renamed_is_followed_on(engine: Engine, notes: Watched) -> None:
    engine.all("create schema archive")
    engine.all("alter table public.notes rename to remarks")
    engine.all("alter table public.remarks set schema archive")
    engine.all("insert into archive.remarks values (3, 'Dam', 'Tall.')")
    engine.all("create table public.notes (id int primary key, name text, body text)")
    work(engine)
    engine.all("update archive.remarks set body = 'Older.' where id = 1")
    assert notes.documents() == TWO | {ref(id=1): ("Weir", "Older."), ref(id=3): ("Dam", "Tall.")}


@pytest.mark.parametrize(
    ("change", "undo", "reason"),
    [
        ("rename body to text", "rename text to body", "no column body"),
        ("drop column name", "add column name text default 'Weir'", "no column name"),
        ("drop constraint notes_pkey", "add primary key (id)", "another primary key"),
        ("disable trigger user", "enable trigger user", "lost the triggers"),
    ],
)
def test_a_changed_table_breaks_the_watch_but_no_write(
    engine: Engine, notes: Watched, change: str, undo: str, reason: str
) -> None:
    engine.all(f"alter table public.notes {change}")
    engine.all("insert into public.notes (id) values (3)")
    engine.all("delete from public.notes where id = 2")
    work(engine)
    [(state, message)] = engine.all("select state, error_message from public.watches")
    assert (state, reason in message, "rivulet.resync" in message) == ("broken", True, True)
    engine.all("insert into public.notes (id) values (4)")
    assert ref(id=1) in notes.documents()

    engine.all(f"alter table public.notes {undo}")
    assert engine.one("select rivulet.resync(%s)", notes.id)
    assert list(notes.caught_up().documents()) == ([ref(id=1)] if "column" not in change else notes_with_text(engine))


def notes_with_text(engine: Engine) -> list[str]:
    return [ref(id=n) for (n,) in engine.all("select id from public.notes where body is not null order by id")]


def test_a_dropped_table_takes_its_documents_along(engine: Engine, notes: Watched) -> None:
    engine.all("drop table public.notes")
    work(engine)
    assert (notes.state(), notes.documents(), notes.triggers()) == (None, {}, [])


def test_unwatching_deletes_the_documents(engine: Engine, notes: Watched) -> None:
    assert engine.one("select rivulet.unwatch(%s)", notes.id)
    assert (notes.state(), notes.triggers()) == (None, [])
    assert engine.all("select 1 from public.documents") == []
    engine.all("insert into public.notes values (3, 'Dam', 'Tall.')")
    work(engine)
    assert engine.all("select 1 from public.documents") == []
    assert not engine.one("select rivulet.unwatch(%s)", notes.id)


def test_unwatching_may_keep_the_documents_as_ordinary_ones(engine: Engine, notes: Watched) -> None:
    engine.all("insert into public.notes values (3, 'Dam', repeat('x', 11000000))")
    engine.claim("parse")
    assert engine.one("select rivulet.unwatch(%s, true)", notes.id)
    assert (notes.state(), notes.triggers()) == (None, [])
    kept = "select title, content, source, source_ref, version from public.documents order by title"
    assert engine.all(kept) == [("Lock", "New.", "inline", None, 1), ("Weir", "Old.", "inline", None, 1)]

    engine.all("delete from public.notes")
    engine.all("update public.documents set content = 'Mine now.' where title = 'Weir'")
    assert engine.all(kept)[1] == ("Weir", "Mine now.", "inline", None, 2)


@pytest.mark.parametrize("keep", [False, True])
def test_many_documents_leave_in_batches(engine: Engine, notes: Watched, keep: bool) -> None:
    engine.all("insert into public.notes select n, 'Note', 'Body' from generate_series(3, 1200) n")
    assert engine.one("select rivulet.unwatch(%s, %s)", notes.id, keep)
    engine.all("insert into public.notes values (0, 'more', 'more')")
    assert notes.state() == ("releasing" if keep else "deleting")
    assert len(notes.documents()) == 700

    work(engine)

    assert (notes.state(), notes.triggers()) == (None, [])
    assert engine.one("select count(*) from public.documents where source = 'inline'") == (1200 if keep else 0)


def test_unwatching_waits_for_nobody_and_is_finished_later(engine: Engine, notes: Watched) -> None:
    with psycopg.connect(engine.dsn) as busy:
        busy.execute("insert into public.notes values (3, 'Dam', 'Tall.')")
        engine.all("set lock_timeout = '2s'")
        assert engine.one("select rivulet.unwatch(%s, true)", notes.id)
        step(engine)
        busy.execute("insert into public.notes values (4, 'Mill', 'Wet.')")
        busy.commit()
    work(engine)
    assert notes.state() is None
    assert engine.all("select title from public.documents order by 1") == [("Dam",), ("Lock",), ("Weir",)]

    with psycopg.connect(engine.dsn) as busy:
        other = Watched(engine, "public.notes", "name", ["body"]).caught_up()
        busy.execute("select 1 from public.notes")
        assert engine.one("select rivulet.unwatch(%s)", other.id)
        assert len(other.triggers()) == 3
        busy.execute("update public.notes set body = 'changed'")
        busy.commit()
    engine.sweep()
    assert (other.triggers(), other.documents()) == ([], {})


def test_a_library_takes_its_watches_along(engine: Engine, notes: Watched) -> None:
    engine.all("delete from auth.users where id = %s", notes.owner)
    assert (notes.state(), notes.triggers()) == (None, [])
    engine.all("insert into public.notes values (3, 'Dam', 'Tall.')")
    assert engine.all("select 1 from public.documents") == []


def test_editors_see_and_end_watches_and_viewers_do_not(engine: Engine, notes: Watched) -> None:
    editor, viewer = engine.person(), engine.person()
    engine.all("insert into public.library_members values (%s, %s, 'editor')", notes.library, editor)
    engine.all("insert into public.library_members values (%s, %s, 'viewer')", notes.library, viewer)
    seen = {person: visible(engine, person, "watches") for person in (notes.owner, editor, viewer)}
    assert seen == {notes.owner: 1, editor: 1, viewer: 0}
    assert visible(engine, viewer, "documents") == 2

    for person in (viewer, engine.person()):
        with signed_in(engine, person) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select public.stop_watching(%s)", [notes.id])
    with signed_in(engine, editor) as connection:
        assert connection.execute("select public.stop_watching(%s, true)", [notes.id]).fetchone() == (True,)
        left = connection.execute("select source from public.documents").fetchall()
        assert left == [("inline",), ("inline",)]


def test_people_change_rows_where_they_are(engine: Engine, notes: Watched) -> None:
    with signed_in(engine, notes.owner) as connection:
        assert connection.execute("update public.documents set content = 'forged'").rowcount == 0
        assert connection.execute("delete from public.documents").rowcount == 0
        connection.execute(
            "insert into public.documents (library_id, title, content) values (%s, 'x', 'y')", [notes.library]
        )
        assert connection.execute("delete from public.documents").rowcount == 1


@pytest.mark.parametrize(
    "statement",
    [
        "insert into public.watches (library_id) values (gen_random_uuid())",
        "update public.watches set state = 'following'",
        "delete from public.watches",
        "select rivulet.watch('public.notes', gen_random_uuid(), 'name', array['body'])",
        "select rivulet.unwatch(gen_random_uuid())",
        "select rivulet.resync(gen_random_uuid())",
        "select public.watch_v1('public.notes', gen_random_uuid(), 'name', array['body'])",
        "select public.unwatch_v1(gen_random_uuid())",
        "select * from rivulet.watch_misses",
        "insert into public.documents (library_id, title, source_ref) values (gen_random_uuid(), 'x', '{}')",
    ],
)
def test_only_the_service_makes_watches(engine: Engine, notes: Watched, statement: str) -> None:
    with signed_in(engine, notes.owner) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_the_service_watches_over_the_data_api(engine: Engine, gateway: Gateway) -> None:
    engine.all('create table public."My notes" (id int primary key, body text)')
    library = engine.library(engine.person())
    headers = {"apikey": gateway.database.secret_key}

    def call(function: str, **arguments: object) -> httpx.Response:
        body = {f"p_{name}": value for name, value in arguments.items()}
        return httpx.post(f"{gateway.url}/rest/v1/rpc/{function}", json=body, headers=headers)

    watch = {"library": str(library), "title": "id", "content": ["body"]}
    first = call("watch_v1", table='"My notes"', **watch)
    second = call("watch_v1", table='public."My notes"', **watch)
    assert (first.status_code, second.status_code) == (200, 200)
    engine.all("insert into public.\"My notes\" values (1, 'one')")
    assert engine.one("select count(*) from public.documents") == 2

    unknown = call("watch_v1", table="nowhere", **watch)
    assert (unknown.status_code, unknown.json()["message"]) == (404, "There is no table nowhere.")
    row = httpx.get(f"{gateway.url}/rest/v1/watches?select=source_table,state", headers=headers).json()[0]
    assert row == {"source_table": '"My notes"', "state": "backfilling"}

    assert call("unwatch_v1", watch=first.json(), keep_documents=True).json() is True
    assert engine.all("select source from public.documents order by 1") == [("inline",), ("row",)]


def test_integrators_may_subscribe_to_watches(engine: Engine) -> None:
    assert engine.all(
        "select 1 from pg_publication_tables where pubname = 'supabase_realtime' and tablename = 'watches'"
    )


def test_row_level_security_of_the_table_is_not_asked(engine: Engine, notes: Watched) -> None:
    engine.all("alter table public.notes enable row level security")
    engine.all("grant insert on public.notes to authenticated")
    engine.all("create policy p on public.notes for insert to authenticated with check (true)")
    with psycopg.connect(engine.dsn) as connection:
        claims = json.dumps({"sub": str(uuid.uuid4()), "role": "authenticated"})
        connection.execute("select set_config('request.jwt.claims', %s, true)", [claims])
        connection.execute("set local role authenticated")
        connection.execute("insert into public.notes values (3, 'Dam', 'Tall.')")
    assert notes.documents() == TWO | {ref(id=3): ("Dam", "Tall.")}
