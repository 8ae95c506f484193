"""An outbox over plain ASGI, for servers that run without `WebSocketTransport`: one write for each message."""

import asyncio

from starlette.websockets import WebSocket

from infra.local.gateway.realtime.messages import TEXT
from infra.local.gateway.realtime.transport import MAX_BACKLOG_BYTES, TRY_AGAIN_LATER, Outbox

NORMAL = 1000


class AsgiOutbox(Outbox):
    """Writes from a task of its own, so that a slow socket holds up nobody."""

    def __init__(self, websocket: WebSocket) -> None:
        self._loop = asyncio.get_running_loop()
        self.heard_at = self._loop.time()
        self._websocket = websocket
        self._queue: asyncio.Queue[bytes | tuple[int, str]] = asyncio.Queue()
        self._size = 0
        self._closed = False
        self._task = self._loop.create_task(self._write())

    def send(self, data: bytes) -> None:
        """Queue one websocket frame."""
        if self._closed:
            return
        self._size += len(data)
        self._queue.put_nowait(data)
        if self._size > MAX_BACKLOG_BYTES:
            self.close(TRY_AGAIN_LATER, "too slow")

    def close(self, code: int, reason: str = "") -> None:
        """Write what waits, then a close frame."""
        if not self._closed:
            self._closed = True
            self._queue.put_nowait((code, reason))

    def cut(self) -> None:
        """End the connection; ASGI has no way to do it without a word."""
        self.close(NORMAL)

    def discard(self) -> None:
        """Forget what waits: the connection is gone."""
        self._closed = True
        self._task.cancel()

    async def _write(self) -> None:
        while True:
            item = await self._queue.get()
            if isinstance(item, tuple):
                await self._websocket.close(*item)
                return
            self._size -= len(item)
            body = item[{126: 4, 127: 10}.get(item[1], 2) :]
            await (self._websocket.send_text(body.decode()) if item[0] == TEXT else self._websocket.send_bytes(body))
