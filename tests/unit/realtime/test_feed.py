"""The follower of the log: whom it tells, and not before others can read the row."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from infra.local.gateway.realtime.feed import Feed
from infra.local.gateway.realtime.messages import Message
from infra.local.gateway.realtime.rooms import Rooms
from infra.local.gateway.realtime.subscriptions import Subscriptions
from infra.local.gateway.realtime.teller import Teller
from tests.waiting import eventually_async

pytestmark = pytest.mark.anyio
COLUMNS = ("topic", "extension", "payload", "event", "private", "id", "binary_payload")


class Database:
    """Stands for the sessions: counts what is asked, and answers when ``committed`` is set."""

    def __init__(self) -> None:
        self.committed = asyncio.Event()
        self.asked = 0

    async def run(self, _work: Any) -> None:
        self.asked += 1
        await self.committed.wait()


class Listener:
    """A member of a room."""

    hears_broadcasts = True
    hears_presence = False

    def __init__(self) -> None:
        self.heard: list[Message] = []

    def deliver(self, message: Message, message_id: str | None = None) -> None:
        self.heard.append(message)


def begin(xid: int) -> bytes:
    return b"B" + struct.pack("!QQI", 0, 0, xid)


def relation(oid: int = 1, schema: str = "realtime", name: str = "messages") -> bytes:
    head = b"R" + struct.pack("!I", oid) + schema.encode() + b"\0" + name.encode() + b"\0d"
    columns = b"".join(b"\0" + column.encode() + b"\0" + struct.pack("!Ii", 25, -1) for column in COLUMNS)
    return head + struct.pack("!H", len(COLUMNS)) + columns


def insertion(topic: str, payload: str | None = "{}", extension: str = "broadcast", oid: int = 1) -> bytes:
    values = (topic, extension, payload, "ev", "t", "id-1", None)
    data = b"I" + struct.pack("!I", oid) + b"N" + struct.pack("!H", len(values))
    for value in values:
        data += b"n" if value is None else b"t" + struct.pack("!I", len(value)) + value.encode()
    return data


@asynccontextmanager
async def feed(database: Database, rooms: Rooms, payload_bytes: int = 1000) -> AsyncIterator[Feed]:
    sessions, streaming = cast(Any, database), asyncio.Event()
    made = Feed(sessions, rooms, Teller(sessions, Subscriptions(sessions, streaming)), streaming, payload_bytes)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()


def assert_heard(listener: Listener, number: int) -> None:
    assert len(listener.heard) == number


async def test_a_broadcast_waits_until_its_transaction_counts_as_committed() -> None:
    database, rooms, listener = Database(), Rooms(), Listener()
    rooms.enter(True, "room", listener)
    async with feed(database, rooms) as made:
        for data in (begin(7), relation(), insertion("room"), insertion("room")):
            made.take(data)
        await eventually_async(lambda: assert_asked(database, 1))
        assert listener.heard == []
        database.committed.set()
        await eventually_async(lambda: assert_heard(listener, 2))
        assert database.asked == 1


def assert_asked(database: Database, number: int) -> None:
    assert database.asked == number


async def test_what_nobody_hears_or_nobody_could_read_is_not_even_asked_about() -> None:
    database, rooms, listener = Database(), Rooms(), Listener()
    database.committed.set()
    rooms.enter(True, "room", listener)
    async with feed(database, rooms, payload_bytes=10) as made:
        for data in (
            begin(7),
            relation(),
            relation(2, "public", "things"),
            insertion("elsewhere"),
            insertion("room", extension="presence"),
            insertion("room", payload=None),
            insertion("room", payload='{"text": "too long"}'),
            insertion("room", oid=2),
            b"I\0\0\0\1damaged",
            insertion("room"),
        ):
            made.take(data)
        await eventually_async(lambda: assert_heard(listener, 1))
        assert database.asked == 1
