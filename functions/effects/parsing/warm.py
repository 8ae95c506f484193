"""Keeps the warm process that reading children come from, and hands out children."""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from schema.errors import TransientError

NURSERY = "functions.effects.parsing.nursery"
START_SECONDS = 30.0
STATUS_SECONDS = 5.0
MOST_LOST = 3  # one after the other, before the job is put off


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
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        try:
            ours.setblocking(False)
            ours.sendall(json.dumps(request).encode() + b"\n")
            await self._order([theirs.fileno(), write_end])
        except BaseException:
            os.close(read_end)
            ours.close()
            raise
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

    async def _order(self, ends: Sequence[int]) -> None:
        """Have a child made that writes to these file descriptors."""
        for _ in range(MOST_LOST):
            process, orders = await self._running()
            with contextlib.suppress(OSError):
                socket.send_fds(orders, [b"c"], ends)
                return
            # It has died, and the event loop has not been told yet.
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        raise TransientError("reader_lost", "The process that reads files was ended from outside.")

    async def _running(self) -> tuple[asyncio.subprocess.Process, socket.socket]:
        async with self._starting:
            if self._orders is None or self._process is None or self._process.returncode is not None:
                await self.close()
                self._folder = tempfile.mkdtemp(prefix="rivulet-parse-")
                self._process, self._orders = await _start(self._nursery, self._folder)
            return self._process, self._orders


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
