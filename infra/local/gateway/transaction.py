"""A transaction of several statements, for services that look before they write."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson

from infra.local.gateway.pools import Pool
from infra.local.gateway.wire import Statement, Wire

Value = str | bytes | int | float | bool | None | dict[str, Any] | list[Any]
BEGIN, COMMIT, ROLLBACK = Statement("begin"), Statement("commit"), Statement("rollback")


class Transaction:
    """Runs statements whose first column, if any, is JSON."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def rows(self, sql: str, *values: Value) -> list[Any]:
        """Run ``sql`` and return its first column, read as JSON. Raises DatabaseError, DatabaseLostError."""
        result = (await self._wire.run(Statement(sql, tuple(map(encode, values)))))[-1]
        return [orjson.loads(result.get_value(row, 0) or b"null") for row in range(result.ntuples)]

    async def row(self, sql: str, *values: Value) -> Any:
        """Return the first row's JSON, None if there is no row."""
        return next(iter(await self.rows(sql, *values)), None)

    async def run(self, *statements: Statement) -> None:
        """Run statements for their effect, in one round trip."""
        await self._wire.run(*statements)


@asynccontextmanager
async def transaction(pool: Pool, *first: Statement) -> AsyncIterator[Transaction]:
    """Open a transaction that begins with the statements ``first``; it commits unless the block raises."""
    async with pool.wire() as wire:
        await wire.run(BEGIN, *first)
        try:
            yield Transaction(wire)
        except Exception:
            if wire.in_transaction:
                await wire.run(ROLLBACK)
            raise
        await wire.run(COMMIT)


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
