"""Keeps the warm process that reading children come from, and hands out children."""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from schema.errors import TransientError

NURSERY = "functions.effects.parsing.nursery"
START_SECONDS = 30.0
STATUS_SECONDS = 5.0


class Child:
    """One reading child: its frames, and what became of it."""

    def __init__(self, reader: asyncio.StreamReader, connection: socket.socket) -> None:
        self._reader = reader
        self._connection = connection
        self._taken = 0

    async def read_exactly(self, count: int) -> bytes:
        """The next bytes that the child sent; raises `EOFError` when there are fewer."""
        data = await self._reader.readexactly(count)
        self._taken += count
        return data

    def taken(self) -> int:
        """Bytes read since this was last asked."""
        taken, self._taken = self._taken, 0
        return taken

    async def status(self) -> int | None:
        """Its exit status, negative for the number of a signal; None when nobody can tell."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(TimeoutError, OSError, ValueError):
            async with asyncio.timeout(STATUS_SECONDS):
                return int(await loop.sock_recv(self._connection, 32))
        return None


class Warm:
    """The warm process; it is started when first needed, and again if it is gone."""

    def __init__(self, nursery: str = NURSERY) -> None:
        self._nursery = nursery
        self._process: asyncio.subprocess.Process | None = None
        self._orders: socket.socket | None = None
        self._folder: str | None = None
        self._starting = asyncio.Lock()

    @asynccontextmanager
    async def child(self, request: dict[str, Any]) -> AsyncIterator[Child]:
        """A child that works on the request; it is killed when the block ends."""
        orders = await self._running()
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        try:
            ours.setblocking(False)
            ours.sendall(json.dumps(request).encode() + b"\n")
            socket.send_fds(orders, [b"c"], [theirs.fileno(), write_end])
        except OSError as error:
            os.close(read_end)
            ours.close()
            raise TransientError("reader_lost", "The process that reads files was ended from outside.") from error
        finally:
            theirs.close()
            os.close(write_end)
        reader = asyncio.StreamReader(limit=1 << 20)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
        )
        try:
            yield Child(reader, ours)
        finally:
            transport.close()
            ours.close()

    async def close(self) -> None:
        """End the warm process and all its children."""
        if self._orders:
            self._orders.close()
        if self._process:
            await self._process.wait()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)  # gone already, unless the process was killed
        self._orders = self._process = self._folder = None

    async def _running(self) -> socket.socket:
        async with self._starting:
            if (
                self._orders is None
                or self._process is None
                or self._process.returncode is not None
                or _left(self._orders)
            ):
                await self.close()
                self._folder = tempfile.mkdtemp(prefix="rivulet-parse-")
                self._process, self._orders = await _start(self._nursery, self._folder)
            return self._orders


def _left(orders: socket.socket) -> bool:
    """Whether the other end is closed, as it is by a death of which the event loop is told only later."""
    try:
        return not orders.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


async def _start(nursery: str, folder: str) -> tuple[asyncio.subprocess.Process, socket.socket]:
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", nursery, str(theirs.fileno()),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            pass_fds=[theirs.fileno()], env=_bare_environment(folder),
        )  # fmt: skip
    ours.setblocking(False)
    try:
        async with asyncio.timeout(START_SECONDS):
            if await asyncio.get_running_loop().sock_recv(ours, 1) != b"r":
                raise TransientError("reader_lost", "The process that reads files did not start.")
    except (TimeoutError, OSError) as error:
        process.kill()
        raise TransientError("reader_lost", "The process that reads files did not start.") from error
    ours.setblocking(True)  # an order is a byte: there is always room for it
    return process, ours


def _bare_environment(folder: str) -> dict[str, str]:
    """No keys and no addresses: a reader needs none. One arena of memory for all threads, so that limits are exact.

    kreuzberg unpacks a library, and wants a place for what it should remember, in a folder that nobody else may write.
    """
    kept = {"PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "TESSDATA_PREFIX"}
    own = {"MALLOC_ARENA_MAX": "2", "TMPDIR": folder, "KREUZBERG_CACHE_DIR": folder}
    return {name: value for name, value in os.environ.items() if name in kept} | own
