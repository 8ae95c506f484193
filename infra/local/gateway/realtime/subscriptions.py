"""The channels that follow row changes: activation of their bindings, failure, renewal."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

import psycopg

from infra.local.gateway.realtime.bindings import Binding, parse_binding
from infra.local.gateway.realtime.filters import BindingError
from infra.local.gateway.realtime.interest import Interest, activate
from infra.local.gateway.realtime.joining import JoinRefusedError
from infra.local.gateway.realtime.pgoutput import Relation
from infra.local.gateway.realtime.sessions import DatabaseUnreachableError, Sessions

if TYPE_CHECKING:
    from infra.local.gateway.realtime.channel import Channel

RETRY_SECONDS = 5.0
FIRST_PATIENCE, LAST_PATIENCE = 0.1, 1.0  # seconds between attempts while a join's reply is held back
EXTENSION = "postgres_changes"


class NotYetError(Exception):
    """The database could not be asked; it may later."""


class Subscriptions:
    """Active bindings by table, and the channels that have or want some."""

    def __init__(self, sessions: Sessions, streaming: asyncio.Event) -> None:
        self._sessions = sessions
        self._streaming = streaming
        self._active: dict[Channel, list[Interest]] = {}
        self._attempts: dict[Channel, asyncio.Task[None]] = {}
        self._by_table: dict[int, dict[Interest, None]] = {}
        self._wanted: dict[Channel, tuple[Binding, ...]] = {}

    def __contains__(self, oid: int) -> bool:
        return oid in self._by_table

    def of(self, oid: int) -> Iterable[Interest]:
        """Return the active bindings for a table."""
        return self._by_table.get(oid, ())

    def gain(self, relation: Relation) -> bool:
        """Tell whether somebody wants a table that was not in the publication when the bindings were activated."""
        return any(
            relation.oid not in _tables(self._active.get(channel, []))
            and any(binding.matches(relation.schema, relation.name) for binding in bindings)
            for channel, bindings in self._wanted.items()
        )

    def subscribe(self, channel: "Channel") -> None:
        """Activate a channel's bindings as soon as the log is followed; the channel is told.

        Until then it goes on with those it has.
        """
        self._active.setdefault(channel, [])
        if before := self._attempts.pop(channel, None):
            before.cancel()
        self._attempts[channel] = channel.spawn(self._keep_trying(channel))

    def unsubscribe(self, channel: "Channel") -> None:
        """Forget a channel."""
        self._attempts.pop(channel, None)
        self._wanted.pop(channel, None)
        if channel in self._active:
            self._put(channel, [])
            del self._active[channel]

    def restart(self) -> None:
        """Activate all bindings anew: the log is followed from a new point, and what happened before may be lost."""
        for channel in list(self._active):
            self.subscribe(channel)

    async def settle(self, channel: "Channel", seconds: float) -> None:
        """Activate a channel's bindings before its join is answered. Raises JoinRefusedError."""
        try:
            async with asyncio.timeout(seconds):
                await self._patiently(channel)
        except BindingError as error:
            raise JoinRefusedError(f"RealtimeDisabledForConfiguration: {error}") from None
        except TimeoutError:
            raise JoinRefusedError(
                f"PostgresChangesSubscribeTimeout: Timed out after {seconds * 1000:.0f}ms waiting for the "
                "postgres_changes subscription"
            ) from None

    async def refresh(self) -> None:
        """Look at the publication again; channels for which that changes something are activated anew and told."""
        before = {channel: _tables(interests) for channel, interests in self._active.items()}
        for channel, tables in before.items():
            try:
                changed = channel.room is not None and await self._activate(channel) != tables
            except (BindingError, NotYetError):
                continue
            attempt = self._attempts.get(channel)
            if changed and attempt is not None and attempt.done():
                channel.notify("ok", "Subscribed to PostgreSQL", EXTENSION)

    async def _keep_trying(self, channel: "Channel") -> None:
        while True:
            await self._streaming.wait()
            try:
                await self._activate(channel)
            except BindingError as error:
                self._put(channel, [])
                channel.notify("error", str(error), EXTENSION)
                return
            except NotYetError as error:
                channel.notify("error", str(error), EXTENSION)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                channel.notify("ok", "Subscribed to PostgreSQL", EXTENSION)
                return

    async def _patiently(self, channel: "Channel") -> None:
        patience = FIRST_PATIENCE
        while True:
            await self._streaming.wait()
            try:
                await self._activate(channel)
            except NotYetError:
                await asyncio.sleep(patience)
                patience = min(2 * patience, LAST_PATIENCE)
            else:
                return

    async def _activate(self, channel: "Channel") -> set[int]:
        """Check and activate a channel's bindings; returns their tables. Raises BindingError, NotYetError."""
        bindings = tuple(parse_binding(raw) for raw in channel.request.bindings)
        claims = channel.asker.claims
        self._wanted[channel] = bindings
        try:
            interests = await self._sessions.run(lambda session: activate(session, channel, bindings, claims))
        except (psycopg.Error, DatabaseUnreachableError) as error:
            raise NotYetError(f"Unable to subscribe to changes with given parameters. {error}") from None
        if channel.room is not None:
            self._put(channel, interests)
        return _tables(interests)

    def _put(self, channel: "Channel", interests: list[Interest]) -> None:
        for interest in self._active.get(channel, []):
            for oid in interest.tests:
                del self._by_table[oid][interest]
                if not self._by_table[oid]:
                    del self._by_table[oid]
        for interest in interests:
            for oid in interest.tests:
                self._by_table.setdefault(oid, {})[interest] = None
        self._active[channel] = interests


def _tables(interests: Iterable[Interest]) -> set[int]:
    return {oid for interest in interests for oid in interest.tests}
