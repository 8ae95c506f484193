"""One request at a time on one upload; a newer one makes the one before it stop.

A client whose connection broke comes back while the gateway may still wait on the old connection.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.types import Message, Receive

from infra.local.gateway.storage.errors import StorageError

PATIENCE_SECONDS = 15.0


@dataclass
class _Upload:
    """The requests on one upload: those that work or wait, and what tells the one that works to stop."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    requests: int = 0


class Turns:
    """Who works on which upload."""

    def __init__(self) -> None:
        self._uploads: dict[str, _Upload] = {}

    @asynccontextmanager
    async def of(self, version: str) -> AsyncIterator[asyncio.Event]:
        """Wait for the turn; the event is set when another request wants it. Raises StorageError if none comes."""
        upload = self._uploads.setdefault(version, _Upload())
        upload.requests += 1
        upload.stop.set()
        try:
            await _acquire(upload.lock)
            try:
                upload.stop = asyncio.Event()
                yield upload.stop
            finally:
                upload.lock.release()
        finally:
            upload.requests -= 1
            if not upload.requests:
                del self._uploads[version]


def stoppable(receive: Receive, stop: asyncio.Event) -> Receive:
    """Return a ``receive`` that sees the client gone once ``stop`` is set."""

    async def receiving() -> Message:
        message = asyncio.ensure_future(receive())
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((message, stopped), return_when=asyncio.FIRST_COMPLETED)
            return message.result() if message.done() else {"type": "http.disconnect"}
        finally:
            message.cancel()
            stopped.cancel()

    return receiving


async def _acquire(lock: asyncio.Lock) -> None:
    try:
        await asyncio.wait_for(lock.acquire(), PATIENCE_SECONDS)
    except TimeoutError:
        raise StorageError(423, "ResourceLocked", "The resource is locked") from None
