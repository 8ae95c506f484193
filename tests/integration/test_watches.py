"""Watched tables: what happens to rows happens to their documents, in the same transaction, and never hinders it."""

import json
import time

import psycopg
import pytest

from tests.integration.engine import Engine
from tests.integration.watched import Watched, quoted, ref, work

MEGABYTE = 1024 * 1024


@pytest.fixture
def notes(engine: Engine) -> Watched:
    """A watched table with nothing in it."""
    engine.all("create table public.notes (id int primary key, name text, body text, views int not null default 0)")
    return Watched(engine, "public.notes", "name", ["body"]).caught_up()


def test_rows_are_documents_as_long_as_they_are_there(engine: Engine, notes: Watched) -> None:
    engine.all("insert into public.notes values (1, 'Weir', 'Old.'), (2, 'Lock', 'New.')")
    assert notes.documents() == {ref(id=1): ("Weir", "Old."), ref(id=2): ("Lock", "New.")}

    engine.all("update public.notes set body = 'Older.' where id = 1")
    engine.all("delete from public.notes where id = 2")
    assert notes.documents() == {ref(id=1): ("Weir", "Older.")}


def test_a_row_is_a_document_like_any_other(engine: Engine, notes: Watched) -> None:
    engine.all("insert into public.notes values (1, 'Weir', 'The weir is old.')")
    document = notes.document()
    assert (document["source"], document["owner_id"], document["library_id"], document["status"]) == (
        "row", str(notes.owner), str(notes.library), "queued")  # fmt: skip

    engine.parse(["The weir is old."])
    engine.embed()

    assert notes.document()["status"] == "ready"
    assert len(engine.one("select public.lexical_search_v1(%s, 'weir')", notes.owner)) == 1
    engine.all("delete from public.notes")
    assert engine.claim_one("purge")["payload"]["document_id"] == document["id"]


def test_what_is_not_watched_is_no_work(engine: Engine, notes: Watched) -> None:
    engine.all("insert into public.notes values (1, 'Weir', 'Old.')")
    before = notes.document()
    engine.claim_one("parse")

    engine.all("update public.notes set views = views + 1")
    engine.all("update public.notes set body = body, name = name")
    engine.all(
        "insert into public.notes values (1, 'Weir', 'Old.') on conflict (id) do update set body = excluded.body"
    )

    assert notes.document() == before
    assert engine.all("select 1 from rivulet.jobs where state <> 'running'") == []


@pytest.mark.parametrize("change", ["body = 'Older.'", "name = 'The weir'"])
def test_what_is_watched_makes_a_new_version(engine: Engine, notes: Watched, change: str) -> None:
    engine.all("insert into public.notes values (1, 'Weir', 'Old.')")
    engine.claim_one("parse")

    engine.all(f"update public.notes set {change}")

    assert notes.document()["version"] == 2
    assert engine.claim_one("parse")["payload"]["version"] == 2


def test_a_row_without_content_has_no_document(engine: Engine, notes: Watched) -> None:
    engine.all("insert into public.notes values (1, 'Weir', null), (2, 'Lock', E' \\n\\t '), (3, 'Dam', 'Tall.')")
    assert list(notes.documents()) == [ref(id=3)]

    engine.all("update public.notes set body = case id when 3 then '' else 'Something.' end")
    assert list(notes.documents()) == [ref(id=1), ref(id=2)]


def test_a_document_always_has_a_title(engine: Engine, notes: Watched) -> None:
    engine.all("insert into public.notes values (1, null, 'x'), (2, E' a \\n b ', 'x'), (3, repeat('long', 500), 'x')")
    titles = [title for title, _ in notes.documents().values()]
    assert titles[:2] == ["Row 1 of public.notes", "a b"]
    assert len(titles[2]) == 500


def test_titles_from_templates_and_content_from_several_columns(engine: Engine) -> None:
    engine.all("create table public.goods (id int primary key, name text, tags text[], price numeric, facts jsonb)")
    goods = Watched(engine, "public.goods", "100 % {name} ({id})", ["tags", "price", "facts"])
    engine.all("insert into public.goods values (7, 'Pump', '{a,b}', 1.50, '{\"k\": 1}'), (8, null, null, 2, null)")
    assert goods.documents() == {
        ref(id=7): ("100 % Pump (7)", '**tags:** {a,b}\n\n**price:** 1.50\n\n**facts:** {"k": 1}'),
        ref(id=8): ("100 % (8)", "**price:** 2"),
    }


def test_any_name_of_schema_table_and_column(engine: Engine) -> None:
    schema, table, key, text = 'My "Shop"', "Order; drop table x", "Größe's", 'select {x} %s "body"'
    engine.all(f"create schema {quoted(schema)}")
    engine.all(f"create table {quoted(schema, table)} ({quoted(key)} int primary key, {quoted(text)} text, note text)")
    watched = Watched(engine, quoted(schema, table), key, [text, "note"])

    engine.all(f"insert into {quoted(schema, table)} values (1, 'old', 'x')")
    assert watched.documents() == {json.dumps({key: "1"}, ensure_ascii=False): ("1", f"**{text}:** old\n\n**note:** x")}
    engine.all(f"update {quoted(schema, table)} set {quoted(key)} = 2, note = null")
    assert watched.documents() == {json.dumps({key: "2"}, ensure_ascii=False): ("2", f"**{text}:** old")}
    engine.one("select rivulet.resync(%s)", watched.id)
    assert list(watched.caught_up().documents()) == [json.dumps({key: "2"}, ensure_ascii=False)]


KEYS = {
    "uuid": ["6f1c1d1e-0000-0000-0000-000000000001", "6f1c1d1e-0000-0000-0000-000000000002"],
    "text": ["a'b\"c\\{}%s", " \n"],
    "extensions.citext": ["Abc", "def"],
    "char(4)": ["ab", "abcd"],
    "timestamptz": ["2024-03-31 01:30:00.123456+00", "infinity"],
    "date": ["2024-02-29", "0044-03-15 BC"],
    "numeric": ["1.50", "-0.000000000000000001"],
    "double precision": ["0.1", "1e-300"],
    "interval": ["1 mon 2 days 03:04:05.6", "-1 day"],
    "bytea": ["\\x00ff", "\\x"],
    "boolean": ["true", "false"],
    "inet": ["10.0.0.1/8", "::1"],
    "int[]": ["{1,2}", "{}"],
    "public.mood": ["sad", "very happy"],
}


def test_any_type_of_key_however_the_writer_shows_it(engine: Engine) -> None:
    engine.all("create schema if not exists extensions")
    engine.all("create extension citext schema extensions")
    engine.all("create type public.mood as enum ('very happy', 'sad')")
    owner = engine.person()
    watches = []
    for number, type_ in enumerate(KEYS):
        engine.all(f"create table public.t{number} (id {type_} primary key, body text)")
        engine.all(f"insert into public.t{number} values (%s, 'before')", KEYS[type_][0])
        watches.append(Watched(engine, f"public.t{number}", "body", ["body"], owner))
    work(engine)
    engine.all("set timezone = 'Asia/Kolkata'")
    engine.all("set datestyle = 'German'")
    engine.all("set intervalstyle = 'sql_standard'")
    engine.all("set extra_float_digits = -5")
    engine.all("set bytea_output = 'escape'")
    for number, (type_, watched) in enumerate(zip(KEYS, watches, strict=True)):
        engine.all(f"insert into public.t{number} values (%s, 'new')", KEYS[type_][1])
        engine.all(f"update public.t{number} set body = 'after' where body = 'before'")
        assert sorted(content or "" for _, content in watched.documents().values()) == ["after", "new"], type_
        found = watched.documents()
        engine.one("select rivulet.resync(%s)", watched.id)
        assert watched.caught_up().documents() == found, type_
        engine.all(f"delete from public.t{number}")
        assert watched.documents() == {}, type_


def test_a_key_of_several_columns(engine: Engine) -> None:
    engine.all("create table public.lines (qty int, article text, at date, primary key (article, at))")
    lines = Watched(engine, "public.lines", "{article} on {at}", ["qty"])
    engine.all("insert into public.lines values (1, 'pump', '2024-01-02'), (2, 'pump', '2024-01-03')")
    engine.all("update public.lines set at = '2024-02-02' where qty = 1")
    assert lines.documents() == {
        ref(article="pump", at="2024-01-03"): ("pump on 2024-01-03", "2"),
        ref(article="pump", at="2024-02-02"): ("pump on 2024-02-02", "1"),
    }


def test_keys_that_change_and_change_places(engine: Engine) -> None:
    engine.all("create table public.notes (id int primary key deferrable, body text)")
    notes = Watched(engine, "public.notes", "id", ["body"])
    engine.all("insert into public.notes values (1, 'one'), (2, 'two'), (3, 'three')")
    engine.all("update public.notes set id = 4 - id")
    assert notes.documents() == {ref(id=1): ("1", "three"), ref(id=2): ("2", "two"), ref(id=3): ("3", "one")}
    engine.all("update public.notes set id = id + 1")
    assert notes.documents() == {ref(id=2): ("2", "three"), ref(id=3): ("3", "two"), ref(id=4): ("4", "one")}


def test_truncate_and_rollback(engine: Engine, notes: Watched) -> None:
    engine.all("insert into public.notes values (1, 'Weir', 'Old.')")
    before = notes.documents()
    with psycopg.connect(engine.dsn) as other:
        other.execute("insert into public.notes values (2, 'Lock', 'New.')")
        other.execute("savepoint here")
        other.execute("update public.notes set body = 'Changed.'")
        other.execute("rollback to here")
        other.execute("truncate public.notes")
        other.rollback()
    assert notes.documents() == before
    assert len(engine.claim("parse")) == 1

    engine.all("truncate public.notes")
    assert notes.documents() == {}


def test_what_other_triggers_make_of_a_row_counts(engine: Engine, notes: Watched) -> None:
    engine.all("""create function public.improve() returns trigger language plpgsql as $$ begin
        update public.notes set body = body || '!' where id <= new.id and body not like '%%!!'; return null; end $$""")
    for name, events in [("zz_improve", "insert or update of name"), ("a_improve", "insert")]:
        engine.all(
            f"create trigger {name} after {events} on public.notes for each row execute function public.improve()"
        )
    engine.all("insert into public.notes values (1, 'a', 'one'), (2, 'b', 'two'), (3, 'c', 'three')")
    engine.all("update public.notes set name = name || name, body = substr(body, 1, 3)")
    bodies = dict(engine.all("select id, body from public.notes"))
    assert {reference: content for reference, (_, content) in notes.documents().items()} == {
        ref(id=number): body for number, body in bodies.items()
    }
    assert all(body.endswith("!") for body in bodies.values())


def test_too_much_text_is_a_failed_document_and_no_failed_write(engine: Engine, notes: Watched) -> None:
    engine.all("insert into public.notes values (1, 'Weir', repeat('x', %s))", 10 * MEGABYTE + 1)
    document = notes.document()
    assert (document["status"], document["error_code"], document["content"]) == ("failed", "too_large", None)
    assert document["bytes"] == 10 * MEGABYTE + 1
    assert engine.claim("parse") == []

    engine.all("update public.notes set body = repeat('x', %s)", 10 * MEGABYTE)
    document = notes.document()
    assert (document["status"], document["error_code"], document["version"]) == ("queued", None, 2)


def test_a_row_that_outgrows_the_limit_keeps_its_old_version(engine: Engine, notes: Watched) -> None:
    engine.all("insert into public.notes values (1, 'Weir', 'The weir is old.')")
    engine.parse(["The weir is old."])
    late = engine.claim_one("embed")
    engine.all("update public.notes set body = repeat('x', %s)", 11 * MEGABYTE)

    assert engine.act("complete_embed_v1", late, 1) == "superseded"

    document = notes.document()
    assert (document["status"], document["error_code"], document["version"]) == ("failed", "too_large", 2)


def test_a_fault_of_ours_neither_fails_the_write_nor_loses_it(engine: Engine, notes: Watched) -> None:
    engine.all("insert into public.notes values (1, 'Weir', 'Old.'), (2, 'Lock', 'New.')")
    engine.all("alter table public.documents add constraint broken check (content <> 'Broken.') not valid")
    engine.all("update public.notes set body = 'Broken.', name = 'x' where id = 1")
    engine.all("update public.notes set body = 'Newer.' where id = 2")
    assert [content for _, content in notes.documents().values()] == ["Old.", "Newer."]

    engine.all("alter table public.documents drop constraint broken")
    work(engine)
    assert [content for _, content in notes.documents().values()] == ["Broken.", "Newer."]


def test_one_table_in_two_libraries(engine: Engine, notes: Watched) -> None:
    other = Watched(engine, "public.notes", "Note {id}", ["name", "body"])
    engine.all("insert into public.notes values (1, 'Weir', 'Old.')")
    assert notes.documents() == {ref(id=1): ("Weir", "Old.")}
    assert other.documents() == {ref(id=1): ("Note 1", "**name:** Weir\n\n**body:** Old.")}

    engine.one("select rivulet.unwatch(%s)", other.id)
    assert other.state() is None
    assert notes.documents() == {ref(id=1): ("Weir", "Old.")}


def test_partitions(engine: Engine) -> None:
    engine.all("create table public.logs (at date, id int, body text, primary key (id, at)) partition by range (at)")
    engine.all("create table public.logs_1 partition of public.logs for values from ('2024-01-01') to ('2024-02-01')")
    engine.all("insert into public.logs values ('2024-01-01', 1, 'old')")
    logs = Watched(engine, "public.logs", "id", ["body"]).caught_up()
    engine.all("create table public.logs_2 partition of public.logs for values from ('2024-02-01') to ('2024-03-01')")
    engine.all("insert into public.logs values ('2024-02-02', 2, 'new')")
    engine.all("insert into public.logs_1 values ('2024-01-03', 3, 'direct')")
    engine.all("update public.logs set at = '2024-02-05' where id = 1")
    found = logs.documents()
    assert list(found) == [ref(at="2024-01-03", id=3), ref(at="2024-02-02", id=2), ref(at="2024-02-05", id=1)]

    engine.all("create table public.more (like public.logs including all)")
    engine.all("insert into public.more values ('2024-03-04', 4, 'attached')")
    engine.all("alter table public.logs attach partition public.more for values from ('2024-03-01') to ('2024-04-01')")
    engine.all("drop table public.logs_1")
    engine.sweep()
    assert logs.state() == "backfilling"
    assert list(logs.caught_up().documents()) == [
        ref(at="2024-02-02", id=2),
        ref(at="2024-02-05", id=1),
        ref(at="2024-03-04", id=4),
    ]
    engine.all("truncate public.logs")
    assert logs.documents() == {}


def test_ten_thousand_rows_at_once(engine: Engine, notes: Watched) -> None:
    def seconds(statement: str, *values: object) -> float:
        started = time.monotonic()
        engine.all(statement, *values)
        return time.monotonic() - started

    ordinary = seconds(
        "insert into public.documents (library_id, owner_id, title, content)"
        " select %s, %s, 'Note ' || n, 'Body ' || n from generate_series(1, 10000) n",
        notes.library, notes.owner,
    )  # fmt: skip
    watched = seconds("insert into public.notes select n, 'Note ' || n, 'Body ' || n from generate_series(1, 10000) n")
    untouched = seconds("update public.notes set views = 1")

    assert len(notes.documents()) == 10_000
    assert watched < 3 * ordinary, (watched, ordinary)
    assert untouched < watched / 5, (untouched, watched)


def test_what_people_add_goes_before_rows(engine: Engine, notes: Watched) -> None:
    engine.all("insert into public.notes select n, 'Note', 'Body ' || n from generate_series(1, 20) n")
    document = engine.document(notes.owner)
    assert engine.claim_one("parse")["subject_id"] == str(document)
