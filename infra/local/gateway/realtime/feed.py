"""What becomes of the log: stored broadcasts go to their rooms at once, row changes to their subscribers in batches."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import psycopg

from infra.local.gateway.realtime import jsontext, pgoutput
from infra.local.gateway.realtime.changes import Catalog, Delivery, evaluate
from infra.local.gateway.realtime.messages import Message
from infra.local.gateway.realtime.pgoutput import Begin, Change, Commit, Relation
from infra.local.gateway.realtime.rooms import Rooms
from infra.local.gateway.realtime.rows import Logged, image_of
from infra.local.gateway.realtime.sessions import DatabaseUnreachableError, Sessions
from infra.local.gateway.realtime.stored import committed
from infra.local.gateway.realtime.subscriptions import Subscriptions

if TYPE_CHECKING:
    from infra.local.gateway.realtime.channel import Channel

log = logging.getLogger(__name__)

MESSAGES = ("realtime", "messages")
BATCH = 500
MAX_WAITING, MAX_WAITING_BYTES = 2_000, 16_000_000
#: Messages sent before other work of the event loop gets its turn.
TURN = 1_000


class Feed:
    """The follower of the log; see `wal.Follower`. ``resume`` is called when there is room again."""

    def __init__(
        self,
        sessions: Sessions,
        rooms: Rooms,
        subscriptions: Subscriptions,
        streaming: asyncio.Event,
        payload_bytes: int,
    ) -> None:
        self.resume: Callable[[], None] = lambda: None
        self._sessions = sessions
        self._rooms = rooms
        self._subscriptions = subscriptions
        self._streaming = streaming
        self._payload_bytes = payload_bytes
        self._relations: dict[int, Relation] = {}
        self._transaction: Begin | None = None
        self._catalog = Catalog()
        self._unresolved: set[int] = set()
        self._waiting: deque[tuple[Logged, int]] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()

    # The log ---------------------------------------------------------------------------------------------------------

    def started(self) -> None:
        """Begin with a new stream: what it says about tables starts afresh."""
        self._relations.clear()
        self._catalog.forget()
        self._streaming.set()
        self._subscriptions.restart()

    def lost(self) -> None:
        """Wait for the next stream."""
        self._streaming.clear()

    def has_room(self) -> bool:
        """Tell whether more changes can wait."""
        return len(self._waiting) < MAX_WAITING and self._waiting_bytes < MAX_WAITING_BYTES

    def take(self, data: bytes) -> None:
        """Handle one message of the log; changes that concern nobody are not even read."""
        oid = pgoutput.change_of(data)
        if oid is not None and not self._concerns_anyone(oid):
            return
        try:
            self._understand(pgoutput.decode(data), len(data))
        except Exception:
            log.exception("A message of the database's log was lost")

    def _understand(self, message: Begin | Commit | Relation | Change | None, size: int) -> None:
        match message:
            case Begin():
                self._transaction = message
            case Relation():
                self._learn(message)
            case Change():
                self._handle(message, size)

    def _concerns_anyone(self, oid: int) -> bool:
        relation = self._relations.get(oid)
        return relation is not None and (
            oid in self._subscriptions or oid in self._unresolved or (relation.schema, relation.name) == MESSAGES
        )

    def _learn(self, relation: Relation) -> None:
        self._relations[relation.oid] = relation
        self._catalog.forget()
        if relation.schema != MESSAGES[0] and self._subscriptions.gain(relation):
            self._unresolved.add(relation.oid)

    def _handle(self, change: Change, size: int) -> None:
        relation = self._relations[change.oid]
        if (relation.schema, relation.name) == MESSAGES:
            self._broadcast(relation, change)
        elif self._transaction is not None:
            logged = Logged(change, relation, self._transaction.xid, self._transaction.committed_at)
            self._waiting.append((logged, size))
            self._waiting_bytes += size
            self._arrived.set()

    def _broadcast(self, relation: Relation, change: Change) -> None:
        if change.new is None:
            return
        row = image_of(relation, change.new)
        room = self._rooms.get(row.get("private") == "t", row.get("topic") or "")
        stored = committed(row) if room is not None else None
        if room is None or stored is None:
            return
        if len(stored.content) > self._payload_bytes:
            log.warning("A broadcast of %d bytes to topic %r was dropped", len(stored.content), row["topic"])
            return
        room.broadcast(stored.message(room.topic), message_id=stored.message_id)

    # Row changes -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tell subscribers of row changes, for as long as the task lives."""
        while True:
            await self._arrived.wait()
            batch = self._take_batch()
            self.resume()
            try:
                await self._tell(batch)
            except Exception:
                log.exception("%d row changes were lost", len(batch))

    async def _tell(self, batch: Sequence[Logged]) -> None:
        if self._unresolved:
            self._unresolved.clear()
            await self._subscriptions.refresh()
        await _deliver(await self._evaluate(batch))

    def _take_batch(self) -> list[Logged]:
        batch: list[Logged] = []
        while self._waiting and len(batch) < BATCH:
            logged, size = self._waiting.popleft()
            self._waiting_bytes -= size
            batch.append(logged)
        if not self._waiting:
            self._arrived.clear()
        return batch

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
