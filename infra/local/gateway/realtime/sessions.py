"""Database sessions of the Realtime server: few, opened when needed, replaced when the server restarted.

No task runs while nothing is asked, and the first question after an outage is answered at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg
from psycopg import conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

T = TypeVar("T")
Connection = psycopg.AsyncConnection[TupleRow]
Work = Callable[[Connection], Awaitable[T]]

CONNECT_SECONDS = 5
#: Policies are other people's code; one statement may take this long.
STATEMENT_MILLISECONDS = 5_000
#: Values are rendered as Supabase Realtime renders them, whatever the database's own settings say.
RENDERING = {
    "timezone": "UTC",
    "datestyle": "ISO,MDY",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "client_encoding": "UTF8",
    "search_path": '"\\$user",\\ public,\\ extensions',
}


class DatabaseUnreachableError(Exception):
    """No session with the database could be had."""


def with_settings(dsn: str, application: str, **settings: str) -> str:
    """Return ``dsn`` with session settings that win over those of role and database."""
    options = " ".join(f"-c {name}={value}" for name, value in {**RENDERING, **settings}.items())
    return conninfo.make_conninfo(dsn, options=options, application_name=application, connect_timeout=CONNECT_SECONDS)


class Sessions:
    """At most ``size`` sessions of the role in ``dsn``, each in autocommit mode."""

    def __init__(self, dsn: str, size: int) -> None:
        self._dsn = with_settings(dsn, "realtime", statement_timeout=str(STATEMENT_MILLISECONDS))
        self._slots = asyncio.Semaphore(size)
        self._idle: list[Connection] = []

    async def run(self, work: Work[T]) -> T:
        """Return what ``work`` returns on a session of its own; it is run again if the session had died unnoticed.

        ``work`` must therefore have no lasting effect. Raises DatabaseUnreachableError, and what ``work`` raises.
        """
        async with self._slots:
            while self._idle:
                connection = self._idle.pop()
                try:
                    return await self._attempt(connection, work)
                except psycopg.OperationalError:
                    if not connection.broken:
                        raise
            return await self._attempt(await self._connect(), work)

    async def close(self) -> None:
        """End the idle sessions."""
        while self._idle:
            await self._idle.pop().close()

    async def _connect(self) -> Connection:
        try:
            return await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)
        except psycopg.OperationalError as error:
            raise DatabaseUnreachableError(str(error)) from error

    async def _attempt(self, connection: Connection, work: Work[T]) -> T:
        try:
            return await work(connection)
        finally:
            if connection.info.transaction_status is TransactionStatus.IDLE:
                self._idle.append(connection)
            else:
                await connection.close()
