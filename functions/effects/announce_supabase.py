"""Live messages by Realtime Broadcast over HTTP: `Announcer`."""

from collections.abc import Sequence

import structlog

from functions.effects.gather import Gathering
from functions.effects.supabase import Supabase
from schema.errors import TransientError
from schema.jobs import Json

TIMEOUT_SECONDS = 2.0
MOST_AT_ONCE = 100

log = structlog.get_logger()


class SupabaseAnnouncer:
    """Implements `Announcer`.

    Messages that come while others are under way go together: so many answers at once cost few requests, and what one
    answer sends stays in order.
    """

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase
        self._messages = Gathering(self._send, MOST_AT_ONCE)

    async def broadcast(self, topic: str, event: str, payload: Json) -> None:
        """Send to a private topic. A lost message is only logged: readers notice the gap and read the row."""
        await self._messages.add({"topic": topic, "event": event, "payload": payload, "private": True})

    async def _send(self, messages: Sequence[Json]) -> Sequence[None]:
        try:
            await self._supabase.broadcast(messages, TIMEOUT_SECONDS)
        except TransientError as error:
            log.warning("broadcast_lost", messages=len(messages), error=error.message)
        return [None] * len(messages)
