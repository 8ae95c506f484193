"""What becomes of the log: stored broadcasts go to their rooms, row changes to the teller.

Both wait until their transaction counts as committed: whoever is told of a row can read it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psycopg

from infra.local.gateway.realtime import pgoutput
from infra.local.gateway.realtime.backlog import Backlog
from infra.local.gateway.realtime.pgoutput import Begin, Change, Commit, Relation
from infra.local.gateway.realtime.rooms import Rooms
from infra.local.gateway.realtime.rows import Logged, image_of
from infra.local.gateway.realtime.sessions import Connection, DatabaseUnreachableError, Sessions
from infra.local.gateway.realtime.stored import Stored, committed
from infra.local.gateway.realtime.teller import Teller

log = logging.getLogger(__name__)

MESSAGES = ("realtime", "messages")
BATCH = 500


@dataclass(frozen=True)
class Sent:
    """A stored broadcast that somebody listens for."""

    xid: int
    private: bool
    topic: str
    stored: Stored


class Feed:
    """The follower of the log; see `wal.Follower`. ``resume`` is called when there is room again."""

    def __init__(
        self, sessions: Sessions, rooms: Rooms, teller: Teller, streaming: asyncio.Event, payload_bytes: int
    ) -> None:
        self.resume: Callable[[], None] = lambda: None
        self._sessions = sessions
        self._rooms = rooms
        self._teller = teller
        self._streaming = streaming
        self._payload_bytes = payload_bytes
        self._relations: dict[int, Relation] = {}
        self._transaction: Begin | None = None
        self._backlog: Backlog[Sent | Logged] = Backlog()
        self._settled: set[int] = set()

    def started(self) -> None:
        """Begin with a new stream: what it says about tables starts afresh."""
        self._relations.clear()
        self._streaming.set()
        self._teller.restart()

    def lost(self) -> None:
        """Wait for the next stream."""
        self._streaming.clear()

    def has_room(self) -> bool:
        """Tell whether more can be taken."""
        return self._backlog.has_room() and self._teller.backlog.has_room()

    def take(self, data: bytes) -> None:
        """Handle one message of the log; changes that concern nobody are not even read."""
        oid = pgoutput.change_of(data)
        if oid is not None and not self._concerns_anyone(oid):
            return
        try:
            self._understand(pgoutput.decode(data), len(data))
        except Exception:
            log.exception("A message of the database's log was lost")

    async def run(self) -> None:
        """Pass on what was taken, for as long as the task lives."""
        while True:
            batch = await self._backlog.take(BATCH)
            await self._settle({item.xid for item, _ in batch})
            for item, size in batch:
                if isinstance(item, Sent):
                    self._broadcast(item)
                else:
                    self._teller.backlog.put(item, size)
            self.ask_for_more()

    def ask_for_more(self) -> None:
        """Have the log read on if it waited for room."""
        if self.has_room():
            self.resume()

    def _understand(self, message: Begin | Commit | Relation | Change | None, size: int) -> None:
        match message:
            case Begin():
                self._transaction = message
            case Relation():
                self._relations[message.oid] = message
                if message.schema != MESSAGES[0]:
                    self._teller.learn(message)
            case Change() if self._transaction is not None:
                item = self._item(message, self._relations[message.oid], self._transaction)
                if item is not None:
                    self._backlog.put(item, size)

    def _concerns_anyone(self, oid: int) -> bool:
        relation = self._relations.get(oid)
        return relation is not None and (_is_messages(relation) or self._teller.wants(oid))

    def _item(self, change: Change, relation: Relation, transaction: Begin) -> Sent | Logged | None:
        if not _is_messages(relation):
            return Logged(change, relation, transaction.xid, transaction.committed_at)
        row = image_of(relation, change.new or ())
        private, topic = row.get("private") == "t", row.get("topic") or ""
        stored = committed(row) if self._rooms.get(private, topic) is not None else None
        if stored is None:
            return None
        if len(stored.content) > self._payload_bytes:
            log.warning("A broadcast of %d bytes to topic %r was dropped", len(stored.content), topic)
            return None
        return Sent(transaction.xid, private, topic, stored)

    async def _settle(self, xids: set[int]) -> None:
        """Wait until the transactions count as committed; if that cannot be known, go on all the same."""
        fresh, self._settled = xids - self._settled, xids
        if not fresh:
            return
        try:
            await self._sessions.run(lambda session: _await_commits(session, fresh))
        except (psycopg.Error, DatabaseUnreachableError) as error:
            log.warning("Changes are told without knowing whether everyone can read them yet: %s", error)

    def _broadcast(self, sent: Sent) -> None:
        room = self._rooms.get(sent.private, sent.topic)
        if room is not None:
            room.broadcast(sent.stored.message(room.topic), message_id=sent.stored.message_id)


async def _await_commits(session: Connection, xids: Iterable[int]) -> None:
    await session.execute("select realtime.await_commits(%s::bigint[])", [list(xids)])


def _is_messages(relation: Relation) -> bool:
    return (relation.schema, relation.name) == MESSAGES
