"""One connection to PostgreSQL that sends several statements at once and takes their answers at once.

Stands on libpq's pipeline mode through ``psycopg.pq``: a request's settings, its statement and its commit cost one
round trip, and results stay the bytes that PostgreSQL rendered. Statements met twice are prepared.
"""

import asyncio
import hashlib
import select
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

PREPARED_MAX = 256  # statements kept prepared on one connection
SEEN_MAX = 1024  # statements remembered as met once
CONNECT_SECONDS = 5
GOOD = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class Statement(NamedTuple):
    """SQL text with ``$1``-style places, and the values for them in PostgreSQL's text form (None is NULL)."""

    sql: str
    values: tuple[bytes | None, ...] = ()


class DatabaseError(Exception):
    """PostgreSQL refused a statement; the fields are those of its error message."""

    def __init__(self, sqlstate: str, message: str, detail: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate, self.message, self.detail, self.hint = sqlstate, message, detail, hint


class DatabaseLostError(Exception):
    """PostgreSQL cannot be reached, or the connection broke; nothing of the statement may be assumed."""


class Wire:
    """One open connection. Not for two tasks at once; after DatabaseLostError or a cancellation it is closed."""

    def __init__(self, connection: psycopg.AsyncConnection) -> None:
        self._connection = connection  # kept: it owns the libpq connection
        self._pg: PGconn = connection.pgconn
        self._prepared: OrderedDict[str, bytes] = OrderedDict()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._stale: list[bytes] = []

    @classmethod
    async def open(cls, dsn: str) -> "Wire":
        """Connect; raises DatabaseLostError."""
        try:
            return cls(await psycopg.AsyncConnection.connect(dsn, autocommit=True, connect_timeout=CONNECT_SECONDS))
        except psycopg.Error as error:
            raise DatabaseLostError(str(error)) from error

    def close(self) -> None:
        """Drop the connection at once."""
        self._pg.finish()

    def alive(self) -> bool:
        """Tell without a round trip whether the idle connection is still good."""
        # A server that goes away leaves a last message and an end of file; one that stays has nothing to say.
        return self._pg.status == pq.ConnStatus.OK and self.idle() and not _readable(self._pg.socket)

    def idle(self) -> bool:
        """Tell whether no transaction is open."""
        return self._pg.transaction_status == pq.TransactionStatus.IDLE

    @property
    def in_transaction(self) -> bool:
        """Tell whether a transaction is open (and the connection with it)."""
        return self._pg.transaction_status in (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR)

    async def run(self, *statements: Statement) -> list[PGresult]:
        """Run ``statements`` in one round trip and return their results in order.

        Without an explicit BEGIN they are one transaction, which ends with them. Raises DatabaseError for the first
        that fails (an explicit transaction is then rolled back), DatabaseLostError if the connection breaks.
        """
        if any(value and b"\0" in value for _, values in statements for value in values):
            raise DatabaseError("22021", 'invalid byte sequence for encoding "UTF8": 0x00')
        try:
            results = await self._exchange(statements)
        except psycopg.Error as error:
            self.close()
            raise DatabaseLostError(str(error)) from error
        except BaseException:
            self.close()
            raise
        return await self._judge(results)

    async def notified(self) -> None:
        """Wait for notifications on channels listened to, and take all that have come. Raises DatabaseLostError."""
        try:
            while self._pg.notifies() is None:
                await self._ready(writing=False)
                self._pg.consume_input()
            while self._pg.notifies() is not None:
                pass
        except psycopg.Error as error:
            self.close()
            raise DatabaseLostError(str(error)) from error

    async def _judge(self, results: list[PGresult]) -> list[PGresult]:
        failed = next((result for result in results if result.status == pq.ExecStatus.FATAL_ERROR), None)
        if failed is None:
            return results
        error = _error_of(failed)
        if self._pg.status != pq.ConnStatus.OK or error.sqlstate in LOST_STATES:
            self.close()
            raise DatabaseLostError(error.message)
        if not self.idle():
            await self.run(Statement("rollback"))
        raise error

    async def _exchange(self, statements: Sequence[Statement]) -> list[PGresult]:
        pg = self._pg
        pg.enter_pipeline_mode()
        self._send_stale()
        wanted = [self._send(statement) for statement in statements]
        pg.pipeline_sync()
        await self._flush()
        results = await self._receive()
        pg.exit_pipeline_mode()
        self._settle(statements, wanted, results)
        return _answers(wanted, results)

    def _send(self, statement: Statement) -> int:
        """Queue one statement; return how many results it will bring, the last being its own."""
        pg, (text, values) = self._pg, statement
        name = self._prepared.get(text)
        if name is not None:
            self._prepared.move_to_end(text)
            pg.send_query_prepared(name, values)
            return 1
        if not values or text not in self._seen:
            self._remember(text)
            pg.send_query_params(text.encode(), values)
            return 1
        name = b"s" + hashlib.blake2b(text.encode(), digest_size=12).hexdigest().encode()
        self._prepared[text] = name
        pg.send_prepare(name, text.encode())
        pg.send_query_prepared(name, values)
        return 2

    def _remember(self, text: str) -> None:
        self._seen[text] = None
        if len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)

    def _send_stale(self) -> None:
        """Queue the release of prepared statements beyond the limit; their results are dropped by position."""
        while len(self._prepared) > PREPARED_MAX:
            self._stale.append(self._prepared.popitem(last=False)[1])
        for name in self._stale:
            self._pg.send_query_params(b"deallocate " + name, ())

    def _settle(self, statements: Sequence[Statement], wanted: list[int], results: list[PGresult]) -> None:
        """Forget what failed to be prepared; drop the results of the releases."""
        released = len(self._stale)
        del results[:released]
        self._stale.clear()
        place = 0
        for statement, count in zip(statements, wanted, strict=True):
            if count == 2 and results[place].status not in GOOD:
                self._prepared.pop(statement.sql, None)
            place += count

    async def _flush(self) -> None:
        pg = self._pg
        while pg.flush():
            await self._ready(writing=True)
            pg.consume_input()  # the server may be waiting for us to read

    async def _receive(self) -> list[PGresult]:
        pg = self._pg
        results: list[PGresult] = []
        while True:
            while pg.is_busy():
                await self._ready(writing=False)
                pg.consume_input()
            result = pg.get_result()
            if result is None:
                if pg.status != pq.ConnStatus.OK:
                    raise psycopg.OperationalError(pg.error_message.decode(errors="replace"))
                continue
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)

    async def _ready(self, writing: bool) -> None:
        """Wait until the socket can be read (or written)."""
        loop, descriptor = asyncio.get_running_loop(), self._pg.socket
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(descriptor, _wake, ready)
        if writing:
            loop.add_writer(descriptor, _wake, ready)
        try:
            await ready
        finally:
            loop.remove_reader(descriptor)
            if writing:
                loop.remove_writer(descriptor)


#: admin_shutdown, crash_shutdown, cannot_connect_now: the server goes away or is not there yet.
LOST_STATES = frozenset({"57P01", "57P02", "57P03"})


def _readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def _wake(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


def _answers(wanted: list[int], results: list[PGresult]) -> list[PGresult]:
    """Return one result per statement: the failed half of a prepared pair, else its last."""
    answers, place = [], 0
    for count in wanted:
        own = results[place : place + count]
        answers.append(next((result for result in own if result.status == pq.ExecStatus.FATAL_ERROR), own[-1]))
        place += count
    return answers


def _error_of(result: PGresult) -> DatabaseError:
    def field(name: pq.DiagnosticField) -> str | None:
        value = result.error_field(name)
        return None if value is None else value.decode(errors="replace")

    message = field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message.decode(errors="replace").strip()
    return DatabaseError(
        field(pq.DiagnosticField.SQLSTATE) or "08006",
        message,
        field(pq.DiagnosticField.MESSAGE_DETAIL),
        field(pq.DiagnosticField.MESSAGE_HINT),
    )
