"""What a project is, in digests: rows by table, files, and what its questions find. Vectors: `vectors.agree`."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from functions import compose
from functions.effects.supabase import Supabase
from infra.cli.backup import objects, tables
from infra.cli.backup.place import Place
from infra.cli.backup.tables import OBJECTS, Table

QUESTIONS = 20  # asked again

_ASKED = """
    select c.owner_id, c.library_id, p.query, a.content, a.id from public.provenance p
    join public.messages a on a.id = p.message_id join public.conversations c on c.id = a.conversation_id
    order by a.position desc limit %s
"""
# Storage gives its rows new ids and dates; these are what it was told.
_TOLD = sql.SQL("row(name, owner_id, created_at, metadata ->> 'size', metadata ->> 'eTag', metadata ->> 'mimetype')")


class Rows(NamedTuple):
    """Those of a table."""

    number: int
    digest: str


@dataclass(frozen=True)
class Likeness:
    """Two projects with equal digests hold the same. `found`: by answer, the passages that its question finds now."""

    rows: Mapping[str, Rows]
    objects: str
    answers: str
    found: Mapping[str, Sequence[str]]


async def likeness(place: Place) -> Likeness:
    """That of a project at this moment."""
    with tables.snapshot(place.dsn) as connection:
        questions = connection.execute(_ASKED, [QUESTIONS]).fetchall()
        answers, found = await _answers(connection, place, questions)
        return Likeness(rows_of(connection), _objects(connection, place), answers, found)


def found_again(before: Likeness, after: Likeness) -> float:
    """Of the passages that a question found before, the mean share that it finds again, 0 to 1."""
    shares = [len({*was} & {*after.found.get(answer, ())}) / len(was) for answer, was in before.found.items() if was]
    return mean(shares) if shares else 1.0


def rows_of(connection: psycopg.Connection) -> Mapping[str, Rows]:
    """All rows, by table."""
    return {table.name: _rows(connection, table) for table in tables.tables(connection)}


def _rows(connection: psycopg.Connection, table: Table) -> Rows:
    row = _TOLD if table.name == OBJECTS else sql.SQL("row({})").format(table.list)
    statement = sql.SQL(
        "select count(*), coalesce(md5(string_agg(md5({}::text), '' order by md5({}::text))), '') from {} as t"
    ).format(row, row, table.rows)
    number, digest = connection.execute(statement).fetchall()[0]
    return Rows(number, digest)


def _objects(connection: psycopg.Connection, place: Place) -> str:
    digest, files = hashlib.sha256(), place.files()
    try:
        for name, _, mime in objects.names(connection):
            content = hashlib.sha256()
            for piece in files.read(name):
                content.update(piece)
            digest.update(f"{name} {mime} {content.hexdigest()}\n".encode())
    finally:
        files.close()
    return digest.hexdigest()


async def _answers(
    connection: psycopg.Connection, place: Place, questions: Sequence[tuple[Any, ...]]
) -> tuple[str, Mapping[str, Sequence[str]]]:
    """The latest answers with their citations, and what their questions find now: asked anew, without caches."""
    settings = place.settings.model_copy(update={"redis_url": None})
    supabase, digest, passages = Supabase(settings), hashlib.sha256(), {}
    try:
        retriever = compose.retriever(settings, supabase)
        for owner, library, query, content, answer in questions:
            found = await retriever.retrieve(owner, query, library)
            passages[str(answer)] = [str(passage.chunk_id) for passage in found.passages]
            cited = connection.execute(
                "select marker, quote from public.citations where message_id = %s order by marker", [answer]
            ).fetchall()
            digest.update(f"{content} {cited} {found.notes}\n".encode())
    finally:
        await supabase.close()
    return digest.hexdigest(), passages
