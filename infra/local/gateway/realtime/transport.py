"""The websocket connection below ASGI: frames are encoded once and written to many sockets as they are.

ASGI would encode each message anew for each socket and write it in a system call of its own; with a hundred
subscribers of a busy topic that is most of the server's work.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

# uvicorn's own lines about sockets, at level INFO, hold the query string and with it the API key.
log = logging.getLogger(__name__)
log.setLevel(logging.WARNING)

EXTENSION = "rivulet.outbox"
MAX_FRAME_BYTES = 5_000_000  # Supabase Realtime's; longer frames end the connection with 1009
MAX_BACKLOG_BYTES = 8_000_000
TRY_AGAIN_LATER = 1013
#: A socket that was written to less than this many seconds ago waits for the rest of a burst.
BURST_SECONDS = 0.004
#: How long a socket that is being closed may take to read what was sent before.
LINGER_SECONDS = 10.0


class WebSocketTransport(WebSocketsSansIOProtocol):
    """uvicorn's websocket protocol, with an `Outbox` in the scope's extensions; no compression, no pings of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = log
        self.conn = ServerProtocol(max_size=MAX_FRAME_BYTES, logger=self.logger)
        self.ping_interval = None
        self.outbox: Outbox | None = None

    def handle_connect(self, event: Request) -> None:
        """Offer the outbox to the application, which starts after this returns."""
        super().handle_connect(event)
        if not self.close_sent:
            self.outbox = Outbox(self.transport, self.loop, self.end)
            self.scope["extensions"][EXTENSION] = {"outbox": self.outbox}

    def end(self, code: int, reason: str) -> None:
        """Close the connection; it is cut if the client does not follow in time."""
        if self.close_sent or self.transport.is_closing() or self.conn.state is not State.OPEN:
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        """Note that the client lives: pings count, which ASGI does not show."""
        if self.outbox is not None:
            self.outbox.heard_at = self.loop.time()
        super().data_received(data)


class Outbox:
    """What waits to be written to one socket. Never blocks: a socket that falls too far behind is closed."""

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, end: Callable[[int, str], None]
    ) -> None:
        self.heard_at = loop.time()
        self._transport = transport
        self._loop = loop
        self._end = end
        self._waiting: list[bytes] = []
        self._size = 0
        self._flush_at: asyncio.TimerHandle | asyncio.Handle | None = None
        self._flushed = 0.0
        self._closed = False

    def send(self, data: bytes) -> None:
        """Queue one websocket frame; frames are written in order, at once when the socket is quiet."""
        if self._closed:
            return
        self._waiting.append(data)
        self._size += len(data)
        if self._flush_at is None:
            self._schedule()
        elif self._size > MAX_BACKLOG_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what waits to the transport."""
        if self._flush_at is not None:
            self._flush_at.cancel()
            self._flush_at = None
        if self._closed or not self._waiting:
            return
        if self._transport.is_closing():
            self.discard()
            return
        self._flushed = self._loop.time()
        data, self._waiting, self._size = b"".join(self._waiting), [], 0
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MAX_BACKLOG_BYTES:
            self.close(TRY_AGAIN_LATER, "too slow")

    def close(self, code: int, reason: str = "") -> None:
        """Write what waits, then a close frame."""
        self.flush()
        if not self._closed:
            self._closed = True
            self._end(code, reason)

    def cut(self) -> None:
        """End the connection without a word."""
        self.discard()
        self._transport.abort()

    def discard(self) -> None:
        """Forget what waits: the connection is gone."""
        self._closed = True
        self._waiting.clear()
        if self._flush_at is not None:
            self._flush_at.cancel()

    def _schedule(self) -> None:
        quiet = self._loop.time() - self._flushed
        if quiet >= BURST_SECONDS:
            self._flush_at = self._loop.call_soon(self.flush)
        else:
            self._flush_at = self._loop.call_later(BURST_SECONDS - quiet, self.flush)
