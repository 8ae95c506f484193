"""Live messages by Realtime Broadcast over HTTP: `Announcer`."""

import httpx
import structlog

from functions.effects.supabase import Supabase
from schema.jobs import Json

TIMEOUT_SECONDS = 2.0

log = structlog.get_logger()


class SupabaseAnnouncer:
    """Implements `Announcer`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def broadcast(self, topic: str, event: str, payload: Json) -> None:
        """Send to a private topic. A lost message is only logged: readers notice the gap and read the row."""
        message = {"topic": topic, "event": event, "payload": payload, "private": True}
        try:
            reply = await self._supabase.http.post(
                f"{self._supabase.url}/realtime/v1/api/broadcast",
                json={"messages": [message]},
                timeout=TIMEOUT_SECONDS,
            )
            reply.raise_for_status()
        except httpx.HTTPError as error:
            log.warning("broadcast_lost", topic=topic, error=repr(error))
