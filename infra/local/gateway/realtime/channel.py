"""One joined topic of one socket: what it may hear and say, and when it ends."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

from infra.local.gateway.realtime import jsontext, messages, tokens
from infra.local.gateway.realtime.authorize import Asker, AuthorizationError, Extension
from infra.local.gateway.realtime.frames import Ref
from infra.local.gateway.realtime.hub import Hub
from infra.local.gateway.realtime.joining import JoinRefusedError, JoinRequest
from infra.local.gateway.realtime.limits import Meter
from infra.local.gateway.realtime.messages import Message
from infra.local.gateway.realtime.rooms import TOPIC_PREFIX, Room
from infra.local.gateway.realtime.stored import Stored, load_replay

#: Longest wait for one timer; a clock that is set meanwhile is noticed by then.
LONGEST_TIMER_SECONDS = 3600.0
REPLICATION_SECONDS = 60.0


class Channel:
    """A member of its topic's room.

    ``send`` queues for the socket; ``ended`` is called once when the channel ends, for whatever reason.
    Messages of the room are held back until `open`, so that the reply to the join comes first.
    """

    def __init__(
        self,
        hub: Hub,
        topic: str,
        join_ref: Ref,
        request: JoinRequest,
        asker: Asker,
        send: Callable[[Message], None],
        ended: Callable[["Channel"], None],
    ) -> None:
        self.hub = hub
        self.topic = topic
        self.subtopic = topic.removeprefix(TOPIC_PREFIX)
        self.join_ref = join_ref
        self.request = request
        self.asker = asker
        self.token = request.token
        self.send = send
        self.hears_broadcasts = True
        self.hears_presence = True
        self.tracks = request.presence
        self.presence_key = request.presence_key or str(uuid4())
        self.presence_calls = Meter(hub.limits.presence_calls, hub.limits.presence_seconds)
        self.room: Room | None = None
        self._ended = ended
        self._may_send: dict[Extension, bool] = {}
        self._held: list[tuple[Message, str | None]] | None = []
        self._replayed: frozenset[str] = frozenset()
        self._expiry: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def enter(self) -> list[Stored]:
        """Join the room; returns the stored broadcasts to replay. Raises JoinRefusedError."""
        try:
            await self.authorize()
        except AuthorizationError as error:
            raise JoinRefusedError(str(error)) from None
        self.room = self.hub.rooms.enter(self.request.private, self.subtopic, self)
        replay = await load_replay(self.hub.sessions, self.subtopic, self.request.replay) if self.request.replay else []
        self._replayed = frozenset(stored.message_id for stored in replay)
        return replay

    def open(self, replay: list[Stored]) -> None:
        """Send what follows the reply to the join."""
        for stored in replay:
            self.send(stored.message(self.topic, self.join_ref))
        if self.tracks:
            self.send_presence()
        held, self._held = self._held or [], None
        for message, message_id in held:
            self.deliver(message, message_id)
        self._arm_expiry()
        if self.request.replication_ready:
            self.spawn(self._announce_replication())
        self.subscribe()

    def deliver(self, message: Message, message_id: str | None = None) -> None:
        """Queue a message of the room, unless it was replayed."""
        if self._held is not None:
            self._held.append((message, message_id))
        elif message_id is None or message_id not in self._replayed:
            self.send(message)

    def reply(self, ref: Ref, join_ref: Ref, status: str = "ok", response: dict[str, Any] | None = None) -> None:
        """Answer one push."""
        self.send(messages.reply(self.topic, ref, join_ref, status, response or {}))

    def notify(self, status: str, text: str, extension: str = "system") -> None:
        """Send a system notice."""
        self.send(messages.system(self.topic, self.join_ref, extension, status, text))

    def send_presence(self) -> None:
        """Send everyone present, if the channel may hear of them."""
        if self.room and self.hears_presence:
            state = jsontext.dumps(self.room.presence.state())
            self.send(Message(self.topic, "presence_state", state, None, self.join_ref))

    # Permissions -----------------------------------------------------------------------------------------------------

    async def authorize(self) -> None:
        """Ask the policies of a private channel anew. Raises AuthorizationError if it may hear nothing."""
        self._may_send.clear()
        if not self.request.private:
            return
        wanted: tuple[Extension, ...] = ("broadcast", "presence") if self.tracks else ("broadcast",)
        readable = await self.hub.authorizer.readable(self.asker, self.subtopic, wanted)
        self.hears_broadcasts, self.hears_presence = "broadcast" in readable, "presence" in readable
        if not readable:
            text = f"You do not have permissions to read from this Channel topic: {self.subtopic}"
            raise AuthorizationError(f"Unauthorized: {text}", refused=True)

    async def may_send(self, extension: Extension) -> bool:
        """Tell whether the channel may send; the answer is remembered until its token changes."""
        if not self.request.private:
            return True
        if extension not in self._may_send:
            try:
                allowed = await self.hub.authorizer.writable(self.asker, self.subtopic, extension)
            except AuthorizationError:
                return False
            self._may_send[extension] = allowed
        return self._may_send[extension]

    def renewed(self, token: str) -> None:
        """Go on with the claims of a new token; row changes are subscribed to again."""
        self.token = token
        self._arm_expiry()
        self.subscribe()

    def subscribe(self) -> None:
        """Activate the row-change bindings with the present claims."""
        if self.request.bindings:
            self.hub.subscriptions.subscribe(self)

    # Endings ---------------------------------------------------------------------------------------------------------

    def end(self, text: str) -> None:
        """End the channel with an explanation; the socket stays."""
        self.notify("error", text)
        self.leave()
        self.send(messages.closed(self.topic, self.join_ref))

    def leave(self) -> None:
        """Give up everything held; says nothing to the client."""
        self.hub.rooms.leave(self.request.private, self.subtopic, self)
        self.hub.subscriptions.unsubscribe(self)
        self.room = None
        if self._expiry:
            self._expiry.cancel()
        for task in self._tasks:
            task.cancel()
        self._ended(self)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``work`` until it is done or the channel ends."""
        task = self.hub.spawn(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _arm_expiry(self) -> None:
        if self._expiry:
            self._expiry.cancel()
        left = float(self.asker.claims["exp"]) - time.time()
        delay = min(max(left, 0.0), LONGEST_TIMER_SECONDS)
        self._expiry = asyncio.get_running_loop().call_later(delay, self._check_expiry)

    def _check_expiry(self) -> None:
        exp, now = float(self.asker.claims["exp"]), time.time()
        if exp <= now:
            self.end(tokens.expired_text(exp, now))
        else:
            self._arm_expiry()

    async def _announce_replication(self) -> None:
        try:
            await asyncio.wait_for(self.hub.streaming.wait(), REPLICATION_SECONDS)
        except TimeoutError:
            self.end("Replication connection was not established in time")
        else:
            self.notify("ok", "Replication connection established")
