"""A bounded set of connections for one role, opened when wanted, closed when long unused."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.local.gateway.wire import DatabaseLostError, Wire

logger = logging.getLogger(__name__)

ACQUIRE_TIMEOUT = 10.0  # seconds a request waits for a free connection, as PostgREST's default
IDLE_SECONDS = 30.0  # an unused connection is closed after between one and two of these


class PoolExhaustedError(Exception):
    """No connection became free in time."""


class Pool:
    """At most ``size`` connections to ``dsn``. A broken one is dropped; a restart of PostgreSQL needs no care."""

    def __init__(self, dsn: str, size: int) -> None:
        self._dsn = dsn
        self._free = asyncio.Semaphore(size)
        self._idle: deque[Wire] = deque()
        self._generation = 0
        self._unused = 0  # how many idle connections nobody took since the last look
        self._reaper: asyncio.TimerHandle | None = None
        self._away = False

    @asynccontextmanager
    async def wire(self) -> AsyncIterator[Wire]:
        """Lend a connection. Raises DatabaseLostError if none can be opened, PoolExhaustedError if all stay busy."""
        await self._acquire()
        generation = self._generation
        try:
            wire = self._take() or await self._open()
            try:
                yield wire
            finally:
                self._give_back(wire, generation)
        finally:
            self._free.release()

    def renew(self) -> None:
        """Replace every connection by a new one when it is next free; what they prepared is forgotten."""
        self._generation += 1
        self.close()

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.popleft().close()
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None

    async def _acquire(self) -> None:
        try:
            async with asyncio.timeout(ACQUIRE_TIMEOUT):
                await self._free.acquire()
        except TimeoutError:
            raise PoolExhaustedError("Timed out acquiring connection from connection pool.") from None

    async def _open(self) -> Wire:
        """Connect; say once that the database went away, and once that it is back."""
        try:
            wire = await Wire.open(self._dsn)
        except DatabaseLostError as error:
            if not self._away:
                logger.warning("the database is away: %s", error)
            self._away = True
            raise
        if self._away:
            logger.warning("the database is back")
        self._away = False
        return wire

    def _take(self) -> Wire | None:
        while self._idle:
            wire = self._idle.pop()  # the most recently used, so that the rest may grow old
            self._unused = min(self._unused, len(self._idle))
            if wire.alive():
                return wire
            wire.close()
        return None

    def _give_back(self, wire: Wire, generation: int) -> None:
        if generation != self._generation or not wire.idle():
            wire.close()
            return
        self._idle.append(wire)
        if self._reaper is None:
            self._unused = len(self._idle)
            self._reaper = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._reap)

    def _reap(self) -> None:
        for _ in range(min(self._unused, len(self._idle))):
            self._idle.popleft().close()
        self._unused = len(self._idle)
        self._reaper = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._reap) if self._idle else None
