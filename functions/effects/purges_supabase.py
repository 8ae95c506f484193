"""Removals over the Data API: `PurgeStore` and `LateWrites`."""

from collections.abc import Sequence

import structlog

from functions.effects.ends_supabase import GroupedEnds
from functions.effects.supabase import Supabase
from schema.documents import StoredChunk
from schema.errors import JobError
from schema.jobs import Claim, Json
from schema.places import Place, PurgeTask

log = structlog.get_logger()


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


class SupabaseLateWrites:
    """Implements `LateWrites`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def report(self, chunks: Sequence[StoredChunk], places: Sequence[Place]) -> None:
        """Have purged what is not wanted."""
        written = {(chunk.library_id, chunk.document_id, chunk.version) for chunk in chunks}
        documents = [
            {"library_id": str(library), "document_id": str(document), "version": version}
            for library, document, version in written
        ]
        try:
            await self._supabase.call(
                "report_late_writes_v1", documents=documents, places=[place.model_dump() for place in places]
            )
        except JobError as error:
            log.warning("late_writes_not_reported", documents=len(documents), error=error.message)
