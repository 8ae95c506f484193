"""Cheap questions that show whether a server still answers; each takes milliseconds and no session."""

import asyncio
from contextlib import suppress

from infra.local import ports
from infra.local.part import Health
from infra.local.postgres import Cluster

ANSWER_SECONDS = 5.0


def http(port: int, path: str) -> Health:
    """A GET of `path` is answered with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: {ports.HOST}:{port}\r\nConnection: close\r\n\r\n".encode()

    async def answers() -> bool:
        status_line = await _exchange(port, request)
        return status_line.split(b" ")[1:2] == [b"200"]

    return answers


def redis(port: int) -> Health:
    """Redis answers a PING, be it only to ask for the password."""

    async def answers() -> bool:
        return (await _exchange(port, b"PING\r\n")).startswith((b"+PONG", b"-NOAUTH"))

    return answers


def postgres(cluster: Cluster) -> Health:
    """PostgreSQL accepts connections."""

    async def answers() -> bool:
        return await asyncio.to_thread(cluster.answers)

    return answers


async def _exchange(port: int, request: bytes) -> bytes:
    """The first line of a server's answer; empty when there is none in time."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(ports.HOST, port)
            try:
                writer.write(request)
                return await reader.readline()
            finally:
                writer.close()
    return b""
