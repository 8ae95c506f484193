"""Live messages by Realtime Broadcast over HTTP: `Announcer`."""

import asyncio
from collections.abc import Sequence

import structlog

from functions.effects.supabase import Supabase
from schema.errors import TransientError
from schema.jobs import Json

TIMEOUT_SECONDS = 2.0
MOST_AT_ONCE = 100

log = structlog.get_logger()


class SupabaseAnnouncer:
    """Implements `Announcer`.

    While one request is under way the next messages gather, and go together in the next one: so many answers at once
    cost few requests, nobody waits for company, and what one answer sends stays in order.
    """

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase
        self._gathered: list[tuple[Json, asyncio.Future[None]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def broadcast(self, topic: str, event: str, payload: Json) -> None:
        """Send to a private topic. A lost message is only logged: readers notice the gap and read the row."""
        sent = asyncio.get_running_loop().create_future()
        self._gathered.append(({"topic": topic, "event": event, "payload": payload, "private": True}, sent))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_all(), name="broadcast")
        await sent

    async def _send_all(self) -> None:
        while self._gathered:
            batch, self._gathered = self._gathered[:MOST_AT_ONCE], self._gathered[MOST_AT_ONCE:]
            try:
                await self._send([message for message, _ in batch])
            finally:
                for _, sent in batch:
                    if not sent.done():
                        sent.set_result(None)

    async def _send(self, messages: Sequence[Json]) -> None:
        try:
            await self._supabase.broadcast(messages, TIMEOUT_SECONDS)
        except TransientError as error:
            log.warning("broadcast_lost", messages=len(messages), error=error.message)
