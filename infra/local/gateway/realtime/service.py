"""The Realtime server as one part of the gateway."""

import asyncio
import logging

import psycopg
from starlette.routing import BaseRoute, WebSocketRoute

from infra.local.gateway.keys import Keyring
from infra.local.gateway.realtime.authorize import Authorizer
from infra.local.gateway.realtime.feed import Feed
from infra.local.gateway.realtime.hub import Hub
from infra.local.gateway.realtime.limits import Limits
from infra.local.gateway.realtime.rest import BroadcastApi
from infra.local.gateway.realtime.rooms import Rooms
from infra.local.gateway.realtime.sessions import Connection, DatabaseUnreachableError, Sessions
from infra.local.gateway.realtime.socket import SocketEndpoint
from infra.local.gateway.realtime.subscriptions import Subscriptions
from infra.local.gateway.realtime.teller import Teller
from infra.local.gateway.realtime.wal import LogReader

log = logging.getLogger(__name__)

PUBLICATIONS = ("supabase_realtime", "supabase_realtime_messages_publication")
SESSIONS = 5
MAINTENANCE_SECONDS = 3600.0
MAINTENANCE_RETRY_SECONDS = 30.0
SWEEP_SECONDS = 5.0
SERVICE_RESTART, NORMAL = 1012, 1000


class Realtime:
    """Serves one project's database; ``admin_dsn`` is its superuser's address.

    `start` and `stop` must run in the event loop that serves the routes.
    """

    def __init__(self, admin_dsn: str, keyring: Keyring, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        rooms, streaming, sessions = Rooms(), asyncio.Event(), Sessions(admin_dsn, SESSIONS)
        subscriptions = Subscriptions(sessions, streaming)
        self._teller = Teller(sessions, subscriptions)
        self._feed = Feed(sessions, rooms, self._teller, streaming, limits.payload_bytes)
        self._reader = LogReader(admin_dsn, PUBLICATIONS, self._feed)
        self._feed.resume = self._reader.resume
        self._teller.drained = self._feed.ask_for_more
        self._hub = Hub(keyring, sessions, Authorizer(sessions), subscriptions, rooms, limits, streaming=streaming)

    def routes(self) -> list[BaseRoute]:
        """Return the routes of websockets and HTTP."""
        socket = SocketEndpoint(self._hub)
        paths = ("/realtime/v1/websocket", "/socket/websocket")
        return [*(WebSocketRoute(path, socket) for path in paths), *BroadcastApi(self._hub).routes()]

    async def start(self) -> None:
        """Begin to follow the database; does not wait for it."""
        for work in (self._reader.run(), self._feed.run(), self._teller.run(), self._maintain(), self._sweep()):
            self._hub.spawn(work)

    async def stop(self) -> None:
        """Tell every client to come back later, and end."""
        for socket in list(self._hub.sockets):
            socket.outbox.close(SERVICE_RESTART)
        await self._hub.stop()
        await self._hub.sessions.close()

    async def _maintain(self) -> None:
        """Keep the partitions of stored broadcasts: today's must exist, those older than 72 hours go."""
        while True:
            pause = MAINTENANCE_SECONDS
            try:
                await self._hub.sessions.run(_maintain_messages)
            except (psycopg.Error, DatabaseUnreachableError) as error:
                pause = MAINTENANCE_RETRY_SECONDS
                log.warning("The partitions of realtime.messages were not maintained, trying again: %s", error)
            await asyncio.sleep(pause)

    async def _sweep(self) -> None:
        """End sockets that say nothing or that nobody uses."""
        limits = self._hub.limits
        while True:
            await asyncio.sleep(min(SWEEP_SECONDS, limits.idle_seconds, limits.unused_seconds))
            now = asyncio.get_running_loop().time()
            for socket in list(self._hub.sockets):
                if socket.outbox.heard_at <= now - limits.idle_seconds:
                    socket.outbox.close(NORMAL)
                elif socket.unused_since is not None and socket.unused_since <= now - limits.unused_seconds:
                    socket.outbox.cut()


async def _maintain_messages(session: Connection) -> None:
    await session.execute("select realtime.maintain_messages()")
