"""Private broadcast topics, heard with a person's own token: `Follower`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from realtime import AsyncRealtimeClient, RealtimeChannelOptions, RealtimeSubscribeStates
from realtime.types import BroadcastPayload

from schema.serving import Heard, Person

JOIN_SECONDS = 3.0
CLOSE_SECONDS = 1.0
MOST_UNREAD = 10_000
PRIVATE: RealtimeChannelOptions = {
    "config": {
        "broadcast": {"ack": False, "self": False},
        "presence": {"key": "", "enabled": False},
        "private": True,
    }
}

log = structlog.get_logger()


class RealtimeFollower:
    """Implements `Follower`: one connection for each topic that is followed, and rows for whoever loses it."""

    def __init__(self, supabase_url: str, key: str) -> None:
        self._url = f"{supabase_url}/realtime/v1"
        self._key = key

    @asynccontextmanager
    async def follow(self, person: Person, topic: str) -> AsyncIterator["RealtimeNews"]:
        """The news of a topic."""
        news = RealtimeNews()
        # The client's own reconnecting gives up silently; without it a lost connection is seen at once.
        client = AsyncRealtimeClient(self._url, self._key, auto_reconnect=False, max_retries=1)
        try:
            await self._join(client, person, topic, news)
            yield news
        finally:
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await client.close()

    async def _join(self, client: AsyncRealtimeClient, person: Person, topic: str, news: "RealtimeNews") -> None:
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                await client.set_auth(person.token)
                await client.connect()
                channel = client.channel(topic, PRIVATE).on_broadcast("*", news.hear)
                await channel.subscribe(news.watch)
        except Exception as error:  # noqa: BLE001 - the client raises bare exceptions; all mean the same
            log.warning("topic_not_heard", error=repr(error))
            news.lose()


class RealtimeNews:
    """Implements `News`."""

    def __init__(self) -> None:
        self.hears = False
        self._unread: asyncio.Queue[Heard | None] = asyncio.Queue(MOST_UNREAD)

    async def next(self, seconds: float) -> Heard | None:
        """The next broadcast."""
        try:
            async with asyncio.timeout(seconds):
                return await self._unread.get()
        except TimeoutError:
            return None

    def hear(self, message: BroadcastPayload) -> None:
        """Take a broadcast in; a reader that is too far behind learns the rest from the row."""
        with suppress(asyncio.QueueFull):
            self._unread.put_nowait(Heard(message["event"], message["payload"]))

    def watch(self, state: RealtimeSubscribeStates, error: Exception | None) -> None:
        """Follow the state of the channel."""
        if state is RealtimeSubscribeStates.SUBSCRIBED:
            self.hears = True
        else:
            log.warning("topic_lost", state=state.value, error=repr(error))
            self.lose()

    def lose(self) -> None:
        """Nothing will be heard any more; wakes whoever waits."""
        self.hears = False
        with suppress(asyncio.QueueFull):
            self._unread.put_nowait(None)
