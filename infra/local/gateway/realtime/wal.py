"""Following the database's log: a temporary logical replication slot, streamed, without polling.

psycopg2 speaks the replication protocol; its socket is watched by the event loop, so that an idle database costs
nothing. A temporary slot dies with its connection: after an outage a new one is made, and what was committed in
between is not seen, as with hosted Realtime.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import psycopg2
from psycopg2.extensions import quote_ident
from psycopg2.extras import LogicalReplicationConnection

from infra.local.gateway.realtime.sessions import with_settings

log = logging.getLogger(__name__)

#: Messages handled before other work of the event loop gets its turn.
TURN = 200
FIRST_BACKOFF, LAST_BACKOFF = 0.1, 2.0  # seconds
STATUS_SECONDS = 5.0
#: How often the server is nudged (see `Stream`) for some seconds after the log has moved, and otherwise.
BUSY_SECONDS, BUSY_NUDGE_SECONDS, IDLE_NUDGE_SECONDS = 5.0, 0.05, 1.0


class Follower(Protocol):
    """Takes what the log says."""

    def started(self) -> None:
        """The log is followed from now on; whatever was committed before was not seen."""

    def lost(self) -> None:
        """The log is no longer followed."""

    def take(self, data: bytes) -> None:
        """Handle one pgoutput message; must not block."""

    def has_room(self) -> bool:
        """Tell whether more can be taken; if not, `LogReader.resume` must be called later."""


class LogReader:
    """Streams the publications' changes to a follower, for as long as the task `run` lives."""

    def __init__(self, dsn: str, publications: Sequence[str], follower: Follower) -> None:
        self._dsn = with_settings(dsn, "realtime_replication")
        self._publications = publications
        self._follower = follower
        self._stream: Stream | None = None

    async def run(self) -> None:
        """Follow the log until cancelled; reconnects by itself."""
        backoff, said = FIRST_BACKOFF, ""
        while True:
            try:
                connection, cursor = await _connected(self._dsn, self._publications)
            except psycopg2.Error as error:
                if str(error) != said:
                    said = str(error)
                    log.warning("The database's log cannot be followed, trying until it can: %s", said.strip())
                await asyncio.sleep(backoff)
                backoff = min(2 * backoff, LAST_BACKOFF)
                continue
            backoff, said = FIRST_BACKOFF, ""
            await self._follow(connection, cursor)

    def resume(self) -> None:
        """Go on reading after `Follower.has_room` said no."""
        if self._stream is not None:
            self._stream.resume()

    async def _follow(self, connection: Any, cursor: Any) -> None:
        self._stream = Stream(cursor, self._follower)
        try:
            self._follower.started()
            await self._stream.run()
        except (psycopg2.Error, OSError) as error:
            log.warning("The database's log is no longer followed: %s", str(error).strip())
        finally:
            self._stream = None
            self._follower.lost()
            with suppress(psycopg2.Error):
                connection.close()


class Stream:
    """One replication connection, read whenever its socket has something."""

    def __init__(self, cursor: Any, follower: Follower) -> None:
        self._cursor = cursor
        self._descriptor: int = cursor.fileno()
        self._follower = follower
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._paused = False
        self._moved = self._loop.time()
        self._nudge_at = self._loop.call_later(BUSY_NUDGE_SECONDS, self._nudge)

    async def run(self) -> None:
        """Hand over messages until the stream ends. Raises what ended it."""
        try:
            self._loop.add_reader(self._descriptor, self._read)
            self._drain()
            await self._ended
        finally:
            self._ended.cancel()
            self._nudge_at.cancel()
            self._loop.remove_reader(self._descriptor)

    def resume(self) -> None:
        """Go on reading after a pause."""
        if self._paused and not self._ended.done():
            self._paused = False
            self._loop.add_reader(self._descriptor, self._read)
            self._drain()

    def _read(self) -> None:
        self._moved = self._loop.time()
        self._drain()

    def _drain(self) -> None:
        """Hand over what has arrived, at most one turn's worth."""
        if self._paused or self._ended.done():
            return
        try:
            more = self._take_turn()
        except (psycopg2.Error, OSError) as error:
            self._ended.set_exception(error)
            return
        if not self._follower.has_room():
            self._paused = True
            self._loop.remove_reader(self._descriptor)
        elif more:
            self._loop.call_soon(self._drain)

    def _take_turn(self) -> bool:
        """Return whether more may be waiting. Raises what tells that the stream ended."""
        for _ in range(TURN):
            message = self._cursor.read_message()
            if message is None:
                return False
            self._follower.take(message.payload)
            self._cursor.send_feedback(flush_lsn=message.data_start)
            if not self._follower.has_room():
                return True
        return True

    def _nudge(self) -> None:
        """Have the server look at its log again.

        From PostgreSQL 16 on, a server that is just falling asleep after other work can miss the signal that
        something new was committed, and would sleep on for up to ten seconds; a status message wakes it.
        """
        if self._ended.done():
            return
        try:
            self._cursor.send_feedback(force=True)
        except (psycopg2.Error, OSError) as error:
            self._ended.set_exception(error)
            return
        busy = self._loop.time() - self._moved < BUSY_SECONDS
        self._nudge_at = self._loop.call_later(BUSY_NUDGE_SECONDS if busy else IDLE_NUDGE_SECONDS, self._nudge)
        self._drain()


async def _connected(dsn: str, publications: Sequence[str]) -> tuple[Any, Any]:
    """Open a stream in a thread, as psycopg2 blocks; one that is no longer wanted is closed."""
    connections: list[Any] = []
    opening = asyncio.ensure_future(asyncio.to_thread(_open, dsn, publications, connections.append))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        # Making a slot waits for open transactions to end, for as long as they take.
        for connection in connections:
            await asyncio.to_thread(connection.cancel)
        with suppress(psycopg2.Error):
            (await opening)[0].close()
        raise


def _open(dsn: str, publications: Sequence[str], connected: Callable[[Any], None]) -> tuple[Any, Any]:
    connection = psycopg2.connect(dsn, connection_factory=LogicalReplicationConnection)
    connected(connection)
    try:
        return connection, _start(connection.cursor(), publications)
    except BaseException:
        connection.close()
        raise


def _start(cursor: Any, publications: Sequence[str]) -> Any:
    slot = quote_ident(f"supabase_realtime_{secrets.token_hex(6)}", cursor)
    cursor.execute(f"CREATE_REPLICATION_SLOT {slot} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT")
    names = ",".join(quote_ident(name, cursor) for name in publications)
    cursor.start_replication_expert(
        f"START_REPLICATION SLOT {slot} LOGICAL 0/0 (proto_version '1', publication_names '{names}')",
        decode=False,
        status_interval=STATUS_SECONDS,
    )
    return cursor
