"""Values as JSON. PostgreSQL writes it; numbers are never read on the way."""

import logging
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from infra.local.gateway.realtime.catalog import Table, TableColumn, sql_type
from infra.local.gateway.realtime.rows import Image
from infra.local.gateway.realtime.sessions import Connection

log = logging.getLogger(__name__)

#: JSON text of each column of a row.
Rendered = dict[str, bytes]

NUMBERS = frozenset({"float4", "float8", "numeric"})
NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})
NULL = b"null"


async def render(session: Connection, table: Table, images: Sequence[Image]) -> list[Rendered]:
    """Return the images with their values as JSON text; a row that cannot be written is empty. Raises psycopg.Error."""
    columns = [column for column in table.columns if any(column.name in image for image in images)]
    if not columns:
        return [{} for _ in images]
    try:
        return await _render(session, columns, images)
    except psycopg.DataError as error:
        if len(images) == 1:
            log.warning("A row of %s.%s cannot be written: %s", table.schema, table.name, error)
            return [{}]
        return [rendered for image in images for rendered in await render(session, table, [image])]


async def _render(session: Connection, columns: list[TableColumn], images: Sequence[Image]) -> list[Rendered]:
    values = [[_prepared(column, image.get(column.name)) for image in images] for column in columns]
    rows: list[Any] = await (await session.execute(_statement(columns), values)).fetchall()
    return [_told(columns, image, row[0]) for image, row in zip(images, rows, strict=True)]


def _told(columns: list[TableColumn], image: Image, texts: list[str | None]) -> Rendered:
    """Return the JSON of the columns that the image has."""
    named = {column.name: text for column, text in zip(columns, texts, strict=True)}
    return {name: NULL if text is None else text.encode() for name, text in named.items() if name in image}


def _statement(columns: list[TableColumn]) -> sql.Composed:
    """Return a query that takes one array of texts for each column and returns one array of JSON texts for each row."""
    names = [sql.Identifier(f"c{i}") for i in range(len(columns))]
    written = [
        sql.SQL("pg_catalog.to_jsonb(r.{}::{})::text").format(name, _cast(column))
        for name, column in zip(names, columns, strict=True)
    ]
    query = "select array[{}] from unnest({}) with ordinality as r({}, n) order by n"
    arrays = [sql.SQL("%s::text[]")] * len(columns)
    return sql.SQL(query).format(*(sql.SQL(", ").join(parts) for parts in (written, arrays, names)))


def _cast(column: TableColumn) -> sql.SQL:
    return sql.SQL("text") if column.base == "bytea" else sql_type(column)


def _prepared(column: TableColumn, value: str | None) -> str | None:
    """Return the value as it is to be cast: JSON has no infinite numbers, and Realtime shows bytes without ``\\x``."""
    if column.base in NUMBERS and value in NOT_FINITE:
        return None
    return value.removeprefix("\\x") if column.base == "bytea" and value is not None else value
