"""What has been received, and the bell, over the Data API: `Inbox` and `Bell`."""

from collections.abc import Sequence
from uuid import uuid4

from functions.effects.supabase import Supabase
from schema.jobs import Queue


class SupabaseInbox:
    """Implements `Inbox`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def receive(self, source: str, event: str) -> bool:
        """Whether this is the first time. A repetition by ourselves, after a lost reply, counts as the same."""
        return bool(await self._supabase.call("receive_event_v1", source=source, event_id=event, receipt=str(uuid4())))


class SupabaseBell:
    """Implements `Bell`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def ring(self, queues: Sequence[Queue]) -> None:
        """Ring for those of the queues that have something to do now."""
        await self._supabase.call("ring_queues_v1", queues=[queue.value for queue in queues])
