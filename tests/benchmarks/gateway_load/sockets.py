"""Websockets with the least that a client can do: frames are cut, not parsed."""

import asyncio
import base64
import json
import os
import time
from collections.abc import Callable
from typing import Any, Self, cast

Hear = Callable[[bytes, float], None]


class Socket(asyncio.Protocol):
    """One connection to Realtime; `hear` is given each frame that is no reply, and when it came."""

    def __init__(self, key: str, hear: Hear) -> None:
        self._key, self._hear = key, hear
        self._buffer, self._open = b"", False
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.replied: asyncio.Future[bytes] = loop.create_future()
        self.lost = False

    @classmethod
    async def connect(cls, port: int, key: str, hear: Hear) -> Self:
        """Open a connection."""
        _, made = await asyncio.get_running_loop().create_connection(lambda: cls(key, hear), "127.0.0.1", port)
        await made.opened
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        nonce = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET /realtime/v1/websocket?apikey={self._key}&vsn=1.0.0 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {nonce}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    async def join(self, topic: str, config: dict[str, Any], token: str | None = None) -> None:
        """Join a channel; raises RuntimeError if it is refused."""
        self.replied = asyncio.get_running_loop().create_future()
        self.send(f"realtime:{topic}", "phx_join", {"config": config, **({"access_token": token} if token else {})})
        reply = await self.replied
        if b'"status":"ok"' not in reply.replace(b" ", b""):
            raise RuntimeError(reply.decode())

    def send(self, topic: str, event: str, payload: dict[str, Any]) -> None:
        """Send one message."""
        message = {"topic": topic, "event": event, "payload": payload, "ref": "1", "join_ref": "1"}
        data = json.dumps(message).encode()
        size = len(data)
        head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE)) + size.to_bytes(2, "big")
        self.transport.write(head + b"\0\0\0\0" + data)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._buffer += data
        if not self._open and not self._upgraded():
            return
        place, buffer = 0, self._buffer
        while (frame := _frame(buffer, place)) is not None:
            place, payload = frame
            if b'"phx_reply"' not in payload:
                self._hear(payload, now)
            elif not self.replied.done():
                self.replied.set_result(payload)
        self._buffer = buffer[place:]

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def _upgraded(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        if b" 101 " not in self._buffer[:20]:
            self.opened.set_exception(RuntimeError(self._buffer.decode()))
            return False
        self._buffer, self._open = self._buffer[end + 4 :], True
        self.opened.set_result(None)
        return True


def _frame(buffer: bytes, place: int) -> tuple[int, bytes] | None:
    """The end and the payload of the frame that begins at `place`, None if it is not all there."""
    if len(buffer) - place < 2:
        return None
    size, start = buffer[place + 1], place + 2
    if size == 126:
        size, start = int.from_bytes(buffer[place + 2 : place + 4], "big"), place + 4
    elif size == 127:
        size, start = int.from_bytes(buffer[place + 2 : place + 10], "big"), place + 10
    end = start + size
    return None if len(buffer) < end else (end, buffer[start:end])
