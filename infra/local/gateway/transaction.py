"""A transaction of several statements, for services that look before they write."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from psycopg.pq.abc import PGresult

from infra.local.gateway.pools import Pool
from infra.local.gateway.wire import Statement, Wire

Value = str | bytes | int | float | bool | None | dict[str, Any] | list[Any]
BEGIN, COMMIT, ROLLBACK = Statement("begin"), Statement("commit"), Statement("rollback")


class Asking(ABC):
    """Runs statements whose first column, if any, is JSON."""

    @abstractmethod
    async def rows(self, sql: str, *values: Value) -> list[Any]:
        """Run ``sql`` and return its first column, read as JSON. Raises DatabaseError, DatabaseLostError."""

    async def row(self, sql: str, *values: Value) -> Any:
        """Return the first row's JSON, None if there is no row."""
        return next(iter(await self.rows(sql, *values)), None)


class Reading(Asking):
    """Each statement in a transaction of its own, which begins with the statements ``first``: one round trip."""

    def __init__(self, pool: Pool, *first: Statement) -> None:
        self._pool, self._first = pool, first

    async def rows(self, sql: str, *values: Value) -> list[Any]:
        """Run a statement that changes nothing."""
        async with self._pool.wire() as wire:
            return _documents((await wire.run(*self._first, _statement(sql, values)))[-1])


class Transaction(Asking):
    """All statements in one transaction, which is begun with the first of them."""

    def __init__(self, wire: Wire, first: tuple[Statement, ...]) -> None:
        self._wire, self._waiting = wire, (BEGIN, *first)

    async def rows(self, sql: str, *values: Value) -> list[Any]:
        """Run a statement."""
        waiting, self._waiting = self._waiting, ()
        return _documents((await self._wire.run(*waiting, _statement(sql, values)))[-1])


@asynccontextmanager
async def transaction(pool: Pool, *first: Statement) -> AsyncIterator[Transaction]:
    """Open a transaction that begins with the statements ``first``; it commits unless the block raises."""
    async with pool.wire() as wire:
        try:
            yield Transaction(wire, first)
        except Exception:
            if wire.in_transaction:
                await wire.run(ROLLBACK)
            raise
        if wire.in_transaction:
            await wire.run(COMMIT)


async def try_out(pool: Pool, first: tuple[Statement, ...], sql: str, *values: Value) -> list[Any]:
    """Run ``sql`` and undo it; return its first column. Raises DatabaseError, DatabaseLostError."""
    async with pool.wire() as wire:
        return _documents((await wire.run(BEGIN, *first, _statement(sql, values), ROLLBACK))[-2])


def _statement(sql: str, values: tuple[Value, ...]) -> Statement:
    return Statement(sql, tuple(map(encode, values)))


def _documents(result: PGresult) -> list[Any]:
    return [orjson.loads(result.get_value(row, 0) or b"null") for row in range(result.ntuples)]


def encode(value: Value) -> bytes | None:
    """Return a value in PostgreSQL's text form; objects and lists become JSON."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, (dict, list)):
        return orjson.dumps(value)
    return str(value).encode()
