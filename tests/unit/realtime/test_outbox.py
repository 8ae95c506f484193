"""The outbox: order, batching under load, and the end of a socket that does not read."""

import asyncio
from typing import Any, cast

import pytest

from infra.local.gateway.realtime.transport import MAX_BACKLOG_BYTES, TRY_AGAIN_LATER, Outbox
from tests.waiting import eventually_async

pytestmark = pytest.mark.anyio


class Transport:
    """Remembers what is written; ``stuck`` bytes are those the peer has not taken."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.stuck = 0

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def get_write_buffer_size(self) -> int:
        return self.stuck

    def is_closing(self) -> bool:
        return False


def outbox_on(transport: Transport, ends: list[Any]) -> Outbox:
    return Outbox(cast(Any, transport), asyncio.get_running_loop(), lambda *end: ends.append(end))


async def written(transport: Transport, data: bytes) -> None:
    def holds() -> None:
        assert b"".join(transport.writes) == data

    await eventually_async(holds)


async def test_a_quiet_socket_is_written_to_at_once() -> None:
    transport = Transport()
    outbox_on(transport, []).send(b"a")
    await asyncio.sleep(0)
    assert transport.writes == [b"a"]


async def test_a_burst_is_written_together_and_in_order() -> None:
    transport = Transport()
    outbox = outbox_on(transport, [])
    for _ in range(50):
        outbox.send(b"a")
        await asyncio.sleep(0)
    outbox.send(b"b")
    await written(transport, b"a" * 50 + b"b")
    assert len(transport.writes) < 25


async def test_a_socket_that_does_not_read_is_closed() -> None:
    transport, ends = Transport(), list[Any]()
    outbox = outbox_on(transport, ends)
    transport.stuck = MAX_BACKLOG_BYTES + 1
    outbox.send(b"a")
    await written(transport, b"a")
    assert ends == [(TRY_AGAIN_LATER, "too slow")]
    outbox.send(b"b")
    await asyncio.sleep(0)
    assert transport.writes == [b"a"]


async def test_what_waits_is_written_before_the_end() -> None:
    transport, ends = Transport(), list[Any]()
    outbox = outbox_on(transport, ends)
    outbox.send(b"last words")
    outbox.close(1000)
    assert (transport.writes, ends) == ([b"last words"], [(1000, "")])


async def test_a_discarded_outbox_writes_no_more() -> None:
    transport = Transport()
    outbox = outbox_on(transport, [])
    outbox.send(b"a")
    outbox.discard()
    await asyncio.sleep(0)
    assert transport.writes == []
