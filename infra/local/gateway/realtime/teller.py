"""Tells subscribers of row changes, in batches."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import psycopg

from infra.local.gateway.realtime import jsontext
from infra.local.gateway.realtime.backlog import Backlog
from infra.local.gateway.realtime.changes import Catalog, Delivery, evaluate
from infra.local.gateway.realtime.messages import Message
from infra.local.gateway.realtime.pgoutput import Relation
from infra.local.gateway.realtime.rows import Logged
from infra.local.gateway.realtime.sessions import DatabaseUnreachableError, Sessions
from infra.local.gateway.realtime.subscriptions import Subscriptions

if TYPE_CHECKING:
    from infra.local.gateway.realtime.channel import Channel

log = logging.getLogger(__name__)

BATCH = 500
#: Messages sent before other work of the event loop gets its turn.
TURN = 1_000


class Teller:
    """Works off its backlog of committed row changes; ``drained`` is called when there is room again."""

    def __init__(self, sessions: Sessions, subscriptions: Subscriptions) -> None:
        self.drained: Callable[[], None] = lambda: None
        self.backlog: Backlog[Logged] = Backlog()
        self._sessions = sessions
        self._subscriptions = subscriptions
        self._catalog = Catalog()
        self._unresolved: set[int] = set()

    def restart(self) -> None:
        """Begin with a new stream of the log: subscribers may have missed changes."""
        self._catalog.forget()
        self._subscriptions.restart()

    def learn(self, relation: Relation) -> None:
        """Note that the log describes a table, which is new or has changed."""
        self._catalog.forget()
        if self._subscriptions.gain(relation):
            self._unresolved.add(relation.oid)

    def wants(self, oid: int) -> bool:
        """Tell whether somebody follows a table, or may do so after a look at the publication."""
        return oid in self._subscriptions or oid in self._unresolved

    async def run(self) -> None:
        """Tell of what is in the backlog, for as long as the task lives."""
        while True:
            batch = [logged for logged, _ in await self.backlog.take(BATCH)]
            self.drained()
            try:
                await self._tell(batch)
            except Exception:
                log.exception("%d row changes were lost", len(batch))

    async def _tell(self, batch: Sequence[Logged]) -> None:
        if self._unresolved:
            self._unresolved.clear()
            await self._subscriptions.refresh()
        await _deliver(await self._evaluate(batch))

    async def _evaluate(self, batch: Sequence[Logged]) -> list[Delivery]:
        """Return what is to be told; a change that cannot be evaluated costs only itself."""
        try:
            return await self._sessions.run(
                lambda session: evaluate(session, self._catalog, batch, self._subscriptions.of)
            )
        except DatabaseUnreachableError as error:
            log.warning("%d row changes were lost: %s", len(batch), error)
            return []
        except psycopg.Error as error:
            self._catalog.forget()
            if len(batch) == 1:
                relation = batch[0].relation
                log.warning("A change of %s.%s was lost: %s", relation.schema, relation.name, error)
                return []
        deliveries = []
        for logged in batch:
            deliveries += await self._evaluate([logged])
        return deliveries


async def _deliver(deliveries: Iterable[Delivery]) -> None:
    for count, (channel, message) in enumerate(_messages(deliveries), 1):
        if channel.room is not None:
            channel.deliver(message)
        if count % TURN == 0:
            await asyncio.sleep(0)


def _messages(deliveries: Iterable[Delivery]) -> "Iterator[tuple[Channel, Message]]":
    """Return one message for each channel and event; channels that are told the same share it."""
    ids: dict[tuple[Channel, int], tuple[list[int], bytes]] = {}
    for interest, data in deliveries:
        found, _ = ids.setdefault((interest.channel, id(data)), ([], data))
        if interest.binding.binding_id not in found:
            found.append(interest.binding.binding_id)
    made: dict[tuple[str, tuple[int, ...], int], Message] = {}
    for (channel, _), (found, data) in ids.items():
        key = (channel.topic, tuple(found), id(data))
        if key not in made:
            payload = jsontext.members({"ids": jsontext.dumps(found), "data": data})
            made[key] = Message(channel.topic, "postgres_changes", payload)
        yield channel, made[key]
