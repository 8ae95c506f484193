"""HTTP over kept connections with the least that a client can do."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What a run of requests took: seconds of each, and of all together."""

    each: Sequence[float]
    seconds: float

    @property
    def per_second(self) -> float:
        """How many requests a second were answered."""
        return len(self.each) / self.seconds


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """The bytes of one request."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def run(port: int, wanted: bytes, number: int, concurrency: int) -> Load:
    """Send a request `number` times over `concurrency` connections; raises RuntimeError for a bad answer."""
    each: list[float] = []
    left = iter(range(number))
    started = time.perf_counter()
    await asyncio.gather(*(_connection(port, wanted, left, each) for _ in range(concurrency)))
    return Load(each, time.perf_counter() - started)


async def _connection(port: int, wanted: bytes, left: Iterator[int], each: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in left:
        started = time.perf_counter()
        writer.write(wanted)
        head = await reader.readuntil(b"\r\n\r\n")
        if head[9:11] != b"20":
            raise RuntimeError(head.decode())
        place = head.lower().index(b"content-length: ") + 16
        await reader.readexactly(int(head[place : head.index(b"\r", place)]))
        each.append(time.perf_counter() - started)
    writer.close()
    await writer.wait_closed()
