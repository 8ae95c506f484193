"""Stands between the workers and the gateway, and is not to be trusted.

It passes requests on and sometimes hangs up instead of passing the reply back: the work is done, and nobody is told. Of
Realtime's messages it drops, repeats and swaps some, and it can take Realtime away altogether.
"""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from infra.local import ports
from tests.chaos.wire import HEAD_END, TEXT_FRAME, body_length, pass_on, read_frame, without


@dataclass
class Mischief:
    """What goes wrong, as shares of all; and what went wrong, as counts."""

    lost_replies: float = 0.0
    dropped: float = 0.0
    repeated: float = 0.0
    swapped: float = 0.0
    realtime_away: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    def strikes(self, name: str, share: float) -> bool:
        """Whether it happens now; counted if so."""
        if random.random() >= share:
            return False
        self.counts[name] = self.counts.get(name, 0) + 1
        return True


class Proxy:
    """Belongs to the thread of its event loop."""

    def __init__(self, target_port: int, mischief: Mischief) -> None:
        self._target_port = target_port
        self._mischief = mischief
        self._sockets: set[asyncio.StreamWriter] = set()
        self._callers: set[asyncio.Task[None]] = set()

    async def serve(self, port: int, stopping: asyncio.Event) -> None:
        """Accept connections until told to stop."""
        server = await asyncio.start_server(self._accept, ports.HOST, port)
        await stopping.wait()
        server.close()
        for caller in self._callers:
            caller.cancel()
        await asyncio.gather(*self._callers)

    def cut_realtime(self) -> None:
        """End the connections to Realtime that are open. Belongs to the loop's thread."""
        for writer in self._sockets:
            writer.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = asyncio.create_task(self._serve_caller(reader, writer))
        self._callers.add(caller)
        caller.add_done_callback(self._callers.discard)

    async def _serve_caller(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError, ValueError):
            upstream_reader, upstream = await asyncio.open_connection(ports.HOST, self._target_port)
            try:
                await self._relay(reader, writer, upstream_reader, upstream)
            finally:
                upstream.transport.abort()
        writer.transport.abort()

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream_reader: asyncio.StreamReader,
        upstream: asyncio.StreamWriter,
    ) -> None:
        while True:
            head = await reader.readuntil(HEAD_END)
            path = head.split(b" ", 2)[1]
            if path.startswith(b"/realtime/") and self._mischief.realtime_away:
                return
            head = without(head, b"sec-websocket-extensions")  # compressed messages could not be dropped one by one
            upstream.write(head + await reader.readexactly(body_length(head)))
            reply = await upstream_reader.readuntil(HEAD_END)
            if b" 101 " in reply.split(b"\r\n", 1)[0]:
                writer.write(reply)
                await self._relay_socket(reader, writer, upstream_reader, upstream)
                return
            body = await upstream_reader.readexactly(body_length(reply))
            if b"/rpc/" in path and self._mischief.strikes("lost_replies", self._mischief.lost_replies):
                return
            writer.write(reply + body)

    async def _relay_socket(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream_reader: asyncio.StreamReader,
        upstream: asyncio.StreamWriter,
    ) -> None:
        self._sockets.add(writer)
        ends = [
            asyncio.create_task(pass_on(reader, upstream)),
            asyncio.create_task(self._pass_frames(upstream_reader, writer)),
        ]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._sockets.discard(writer)
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)

    async def _pass_frames(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Server to client, message by message."""
        kept: bytes | None = None
        while True:
            frame = await read_frame(reader)
            if frame[0] & 0x0F != TEXT_FRAME:
                writer.write(frame)
                continue
            if self._mischief.strikes("dropped", self._mischief.dropped):
                continue
            if kept is None and self._mischief.strikes("swapped", self._mischief.swapped):
                kept = frame
                continue
            writer.write(frame)
            if self._mischief.strikes("repeated", self._mischief.repeated):
                writer.write(frame)
            if kept is not None:
                writer.write(kept)
                kept = None


class RunningProxy:
    """A proxy in a thread of its own."""

    def __init__(self, target_port: int) -> None:
        self.mischief = Mischief()
        self.url = ""  # the address to give to workers
        self._proxy = Proxy(target_port, self.mischief)
        self._stopping = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="proxy")

    def start(self) -> None:
        """Start to serve."""
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """Hang up on everybody and end."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def take_realtime(self, away: bool) -> None:
        """Take Realtime away, or bring it back."""
        self.mischief.realtime_away = away
        if away:
            self._loop.call_soon_threadsafe(self._proxy.cut_realtime)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        port = ports.any_free()
        self.url = f"http://{ports.HOST}:{port}"
        self._started.set()
        await self._proxy.serve(port, self._stopping)


@contextmanager
def running(target_port: int) -> Iterator[RunningProxy]:
    """A proxy before the gateway on `target_port`."""
    proxy = RunningProxy(target_port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
