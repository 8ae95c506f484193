"""The doorbell: Realtime says "look again". It carries no data, and nothing but latency depends on it.

The Realtime client gives up for good after a few failed connects, and does not notice a connection that died silently.
So this supervisor builds a client anew, forever, and believes in it only while its own canary comes back.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
from prometheus_client import Counter, Gauge
from realtime import AsyncRealtimeChannel, AsyncRealtimeClient, RealtimeSubscribeStates

from schema.jobs import Queue
from schema.keys import Entry

CONNECT_SECONDS = 10.0
CANARY_SECONDS = 15.0
MOST_MISSES = 2
MOST_DOUBLINGS = 5  # of a second's pause

DOORBELL_HEARS = Gauge(
    "rivulet_doorbell_hears", "1 while Realtime wakes this process, 0 while it looks by timer alone."
)
DOORBELL_LOSSES = Counter("rivulet_doorbell_losses", "Connections to Realtime that were lost.")

log = structlog.get_logger()


# What the client has to say of a lost connection is said by `doorbell_lost`.
logging.getLogger("realtime").setLevel(logging.CRITICAL)


class Doorbell:
    """Listens on `wake:<queue>` for each queue and calls `ring(queue)`, and `stop()` when a job is to be stopped.

    Both are called after every (re)subscription too.
    """

    def __init__(
        self, url: str, entry: Entry, queues: Sequence[Queue], ring: Callable[[Queue], None], stop: Callable[[], None]
    ) -> None:
        self.hears = False  # false: somebody has to look by timer, more often
        self.changed = asyncio.Event()  # set when `hears` is another
        self._url = f"{url}/realtime/v1"
        self._entry = entry
        self._queues = queues
        self._ring = ring
        self._stop = stop
        self._echo = asyncio.Event()
        self._dead = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled, whatever happens to the connection."""
        failures = 0
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - the client raises bare exceptions; all mean the same
                DOORBELL_LOSSES.inc()
                log.warning("doorbell_lost", error=repr(error))
            failures = 0 if self.hears else failures + 1
            self._tell(False)
            await asyncio.sleep(random.uniform(0.1, 2.0 ** min(failures, MOST_DOUBLINGS)))

    async def _listen(self) -> None:
        client = AsyncRealtimeClient(self._url, self._entry.apikey, auto_reconnect=False, max_retries=1)
        self._dead.clear()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await client.set_auth(self._entry.bearer)
                await client.connect()
                channels = [await self._subscribe(client, queue) for queue in self._queues]
            self._tell(True)
            log.info("doorbell_hears", queues=[queue.value for queue in self._queues])
            for queue in self._queues:
                self._ring(queue)  # it may have rung while nobody listened
            self._stop()
            await self._stay_while_alive(channels[0])
        finally:
            with suppress(Exception):
                await client.close()

    def _tell(self, hears: bool) -> None:
        if hears != self.hears:
            self.changed.set()
        self.hears = hears
        DOORBELL_HEARS.set(hears)

    async def _subscribe(self, client: AsyncRealtimeClient, queue: Queue) -> AsyncRealtimeChannel:
        channel = client.channel(
            f"wake:{queue.value}",
            {"config": {"broadcast": {"ack": False, "self": True}, "presence": None, "private": True}},
        )
        channel.on_broadcast("wake", lambda _: self._ring(queue))
        channel.on_broadcast("cancel", lambda _: self._stop())
        channel.on_broadcast("canary", lambda _: self._echo.set())
        await channel.subscribe(self._watch)
        if self._dead.is_set():
            raise ConnectionError(f"could not subscribe to wake:{queue.value}")
        return channel

    def _watch(self, state: RealtimeSubscribeStates, error: Exception | None) -> None:
        if state is not RealtimeSubscribeStates.SUBSCRIBED:
            log.debug("doorbell_state", state=state.value, error=repr(error))
            self._dead.set()

    async def _stay_while_alive(self, channel: AsyncRealtimeChannel) -> None:
        """Return when the channel says that it is dead, or two canaries in a row have not come back."""
        misses = 0
        while misses < MOST_MISSES and not await _within(CANARY_SECONDS, self._dead):
            self._echo.clear()
            await channel.send_broadcast("canary", {})
            misses = 0 if await _within(CANARY_SECONDS / 3, self._echo) else misses + 1
        raise ConnectionError("the channel closed" if misses < MOST_MISSES else "the canary did not come back")


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
