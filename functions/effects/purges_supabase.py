"""Removals over the Data API: `PurgeStore`."""

from functions.effects.ends_supabase import GroupedEnds
from functions.effects.supabase import Supabase
from schema.jobs import Claim, Json
from schema.places import PurgeTask


class SupabasePurges:
    """Implements `PurgeStore`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase
        self._ends = GroupedEnds(supabase)

    async def start_purge(self, claim: Claim) -> PurgeTask | None:
        """What is to be removed."""
        reply = await self._supabase.call_for(claim, "start_purge_v1")
        return None if reply["status"] == "busy" else PurgeTask.model_validate(reply)

    async def complete_purge(self, claim: Claim, receipt: Json) -> None:
        """End the job."""
        await self._ends.end(claim, receipt)
