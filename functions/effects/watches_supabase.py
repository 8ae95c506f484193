"""Watched tables over the Data API: `WatchStore`."""

from functions.effects.supabase import Supabase
from schema.jobs import Claim


class SupabaseWatches:
    """Implements `WatchStore`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def backfill(self, claim: Claim) -> bool:
        """Do the job in the database."""
        reply = await self._supabase.call_for(claim, "complete_backfill_v1")
        return bool(reply["status"] != "busy")
