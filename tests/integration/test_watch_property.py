"""Whatever is done to a watched table, and whenever its rows are read: the documents are what the rows are."""

import re
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.engine import Engine
from tests.integration.watched import Documents, Watched, ref, step, work

TEXTS = st.none() | st.sampled_from(
    ["", "  ", "weir", "The weir\n\nis *old*.", "%s {name} 'quoted' \\", "ß\u2003\U0001f30a"]
)
AREAS, NUMBERS = st.sampled_from(["a", "A", "b ", ""]), st.integers(1, 4)
KEYS = st.tuples(AREAS, NUMBERS)
OPERATIONS = st.one_of(
    st.tuples(st.just("insert"), KEYS, TEXTS, TEXTS),
    st.tuples(st.just("merge"), KEYS, TEXTS, TEXTS),
    st.tuples(st.just("set"), KEYS, st.sampled_from(["name", "body", "more", "views"]), TEXTS),
    st.tuples(st.just("move"), KEYS, KEYS),
    st.tuples(st.just("turn"), AREAS),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("clear"), AREAS),
    st.tuples(st.sampled_from(["truncate", "begin", "commit", "rollback", "read", "sweep", "resync"])),
)
STATEMENTS = {
    "insert": "insert into public.notes (area, number, name, body) values (%s, %s, %s, %s)",
    "merge": "merge into public.notes n using (values (%s, %s, %s, %s)) v (area, number, name, body)"
    " on n.area = v.area and n.number = v.number when matched then update set name = v.name, body = v.body"
    " when not matched then insert (area, number, name, body) values (v.area, v.number, v.name, v.body)",
    "move": "update public.notes set area = %s, number = %s where area = %s and number = %s",
    "turn": "update public.notes set number = 5 - number where area = %s",
    "delete": "delete from public.notes where area = %s and number = %s",
    "clear": "update public.notes set body = null, more = null where area = %s",
    "truncate": "truncate public.notes",
}


def documents_of(rows: list[Any]) -> Documents:
    """What the documents of these rows must be, by the description of rivulet.watch."""
    expected: Documents = {}
    for area, number, name, body, more in rows:
        values = [("body", body), ("more", more)]
        content = "\n\n".join(f"**{column}:** {value}" for column, value in values if value and re.search(r"\S", value))
        if content:
            expected[ref(area=area, number=number)] = (" ".join(f"{name or ''} ({number})".split()), content)
    return expected


def do(connection: psycopg.Connection, name: str, *values: Any) -> None:
    """One statement of a writer; a key that is taken is its own business."""
    match name:
        case "begin":
            if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                connection.execute("begin")
        case "commit" | "rollback":
            if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                connection.execute(name.encode())
        case "set":
            (area, number), column, text = values
            value = "views + 1" if column == "views" else "%(text)s"
            connection.execute(
                f"update public.notes set {column} = {value} where area = %(area)s and number = %(number)s".encode(),
                {"text": text, "area": area, "number": number},
            )
        case _:
            flat = [part for value in reversed(values) for part in (value if isinstance(value, tuple) else [value])]
            if name in ("insert", "merge"):
                flat = [*values[0], *values[1:]]
            connection.execute(STATEMENTS[name].encode(), flat)


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
def test_documents_are_what_the_rows_are(engine: Engine, isolation: str) -> None:
    owner = engine.person()
    engine.all("set client_min_messages = 'error'")

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        before=st.lists(st.tuples(KEYS, TEXTS), max_size=6, unique_by=lambda row: row[0]),
        done=st.lists(OPERATIONS, max_size=25),
    )
    def check(before: list[Any], done: list[Any]) -> None:
        engine.all("drop table if exists public.notes")
        engine.all("""create table public.notes (area text, number int, name text, body text, more text,
                      views int default 0, primary key (area, number) deferrable)""")
        for (area, number), text in before:
            engine.all("insert into public.notes (area, number, body) values (%s, %s, %s)", area, number, text)
        notes = Watched(engine, "public.notes", "{name} ({number})", ["body", "more"], owner)
        with psycopg.connect(engine.dsn, autocommit=True) as connection:
            connection.execute(f"set default_transaction_isolation = '{isolation}'".encode())
            for name, *values in done:
                if name == "read":
                    step(engine)
                elif name == "sweep":
                    engine.sweep()
                elif name == "resync":
                    engine.one("select rivulet.resync(%s)", notes.id)
                else:
                    try:
                        do(connection, name, *values)
                    except (psycopg.errors.UniqueViolation, psycopg.errors.InFailedSqlTransaction):
                        connection.rollback()
            connection.rollback()
        work(engine)
        rows = engine.all("select area, number, name, body, more from public.notes")
        assert notes.documents() == documents_of(rows)
        engine.one("select rivulet.unwatch(%s)", notes.id)

    check()
