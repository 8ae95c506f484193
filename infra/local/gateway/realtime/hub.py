"""What all sockets of one server share."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from infra.local.gateway.keys import Keyring
from infra.local.gateway.realtime.authorize import Authorizer
from infra.local.gateway.realtime.limits import Limits, Meter
from infra.local.gateway.realtime.rooms import Rooms
from infra.local.gateway.realtime.sessions import Sessions
from infra.local.gateway.realtime.transport import Outbox

if TYPE_CHECKING:
    from infra.local.gateway.realtime.subscriptions import Subscriptions

log = logging.getLogger(__name__)


class Connected(Protocol):
    """A socket as the hub sees it; ``unused_since`` is the loop's time since which it has no channel."""

    outbox: Outbox
    unused_since: float | None


@dataclass
class Hub:
    """The rooms, the database behind them, the limits and everyone connected."""

    keyring: Keyring
    sessions: Sessions
    authorizer: Authorizer
    subscriptions: "Subscriptions"
    rooms: Rooms
    limits: Limits
    sockets: set[Connected] = field(default_factory=set)
    #: Set while the database's log is being followed.
    streaming: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.joins = Meter(self.limits.joins_per_second)
        self.events = Meter(self.limits.events_per_second)
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``work`` beside everything else; a fault is logged."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def stop(self) -> None:
        """Cancel what was spawned."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("A task of Realtime failed", exc_info=error)
