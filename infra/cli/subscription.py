"""Hearing private Broadcast topics for as long as one cares, whatever happens to the connection.

The Realtime client gives up for good after a few failed connects, honours the close of a channel that it has already
joined anew, and cannot see what was sent while it was away. So each connection here is a client of its own that is
replaced when anything is odd, and the reader is told to look at the rows after each join, and from time to time anyway:
not so soon while news keep coming, for who looks in their midst sees the end before the way there. Nothing but latency
depends on what is heard.
"""

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

from realtime import AsyncRealtimeChannel, AsyncRealtimeClient, RealtimeSubscribeStates
from realtime.types import BroadcastPayload

from functions.effects.follow_realtime import PRIVATE
from infra.cli.person import Person

CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 1.0
LOOK_SECONDS = 3.0
PATIENCE = 5  # times that long is waited with a look while news keep coming
LONGEST_PAUSE_SECONDS = 5.0
MOST_UNREAD = 10_000
# Its errors are expected here, and dealt with.
logging.getLogger("realtime").setLevel(logging.CRITICAL)


class JoinRefused(Exception):
    """The server did not let the person listen to a topic; the text is its reason."""


@dataclass(frozen=True)
class Heard:
    """One broadcast."""

    topic: str
    event: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Look:
    """Something may have been missed, or it is time: read the rows."""


@dataclass(frozen=True)
class Nudge:
    """The reader's own doing, passed through so that it wakes up."""


News = Heard | Look | Nudge


@asynccontextmanager
async def joined(person: Person, topics: Sequence[str], hear: Callable[[Heard], None]) -> AsyncIterator[asyncio.Event]:
    """Join the topics; the event that it gives is set when they can no longer be heard.

    Raises `JoinRefused`, or `ConnectionError` when the server cannot be reached.
    """
    url = f"{person.project.url}/realtime/v1"
    client = AsyncRealtimeClient(url, person.project.key, auto_reconnect=False, max_retries=1)
    dead = asyncio.Event()
    try:
        await client.set_auth(await person.token())
        await _connect(client)
        for topic in topics:
            await _join(client.channel(topic, PRIVATE), topic, hear, dead)
        yield dead
    finally:
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS):
                await client.close()


async def _connect(client: AsyncRealtimeClient) -> None:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await client.connect()
    except Exception as error:
        raise ConnectionError("The Realtime server cannot be reached.") from error


async def _join(channel: AsyncRealtimeChannel, topic: str, hear: Callable[[Heard], None], dead: asyncio.Event) -> None:
    refusal: list[str] = []

    def follow(state: RealtimeSubscribeStates, error: Exception | None) -> None:
        if state is not RealtimeSubscribeStates.SUBSCRIBED:
            refusal.append(_reason(error) or state.value)
            dead.set()

    def receive(message: BroadcastPayload) -> None:
        hear(Heard(topic, message["event"], message["payload"]))

    await channel.on_broadcast("*", receive).subscribe(follow)
    if refusal:
        raise JoinRefused(refusal[0])


def _reason(error: Exception | None) -> str:
    """The reason in the server's refusal, which the client passes on as JSON in an exception's text."""
    try:
        content = json.loads(str(error))
    except ValueError:
        return str(error or "")
    return str(content.get("reason", content)) if isinstance(content, dict) else str(content)


class Subscription:
    """News of some topics, without end: `async with Subscription(…) as news: async for item in news: …`."""

    def __init__(self, person: Person, topics: Sequence[str], look_seconds: float = LOOK_SECONDS) -> None:
        self._person = person
        self._topics = topics
        self._look_seconds = look_seconds
        self._looked_at = self._heard_at = time.monotonic()
        self._unread: asyncio.Queue[News] = asyncio.Queue(MOST_UNREAD)
        self._hears = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen(), name="listen")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def hears(self, within: float) -> bool:
        """Whether the topics can be heard, after waiting for it for a while."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hears.wait(), within)
        return self._hears.is_set()

    def nudge(self) -> None:
        """Wake the reader."""
        self._put(Nudge())

    def forget(self) -> None:
        """Drop what is unread: the reader is about to look anyway."""
        while not self._unread.empty():
            self._unread.get_nowait()

    def __aiter__(self) -> AsyncIterator[News]:
        return self._news()

    async def _news(self) -> AsyncIterator[News]:
        while True:
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + self._until_look()):
                    item = await self._unread.get()
            except TimeoutError:
                item = Look()
            if isinstance(item, Look):
                self._looked_at = time.monotonic()
            elif isinstance(item, Heard):
                self._heard_at = time.monotonic()
            yield item

    def _until_look(self) -> float:
        quiet_since = max(self._looked_at, self._heard_at)
        look_at = min(quiet_since + self._look_seconds, self._looked_at + PATIENCE * self._look_seconds)
        return max(0.0, look_at - time.monotonic())

    def _put(self, item: News) -> None:
        # A reader that is this far behind learns the rest at its next look.
        with suppress(asyncio.QueueFull):
            self._unread.put_nowait(item)

    async def _listen(self) -> None:
        failures = 0
        while True:
            with suppress(Exception):
                async with joined(self._person, self._topics, self._put) as dead:
                    failures = 0
                    self._hears.set()
                    self._put(Look())
                    await dead.wait()
            self._hears.clear()
            failures += 1
            await asyncio.sleep(random.uniform(0.1, min(LONGEST_PAUSE_SECONDS, 0.2 * 2.0 ** min(failures, 10))))
