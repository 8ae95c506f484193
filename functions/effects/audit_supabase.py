"""What Postgres says of vectors and passages, over the Data API: `AuditStore`."""

from collections.abc import Sequence
from uuid import UUID

from functions.effects.supabase import Supabase
from schema.moves import Fault, Passages, PlacedPassage
from schema.places import Label, OwnPlaces, Place


class SupabaseAudit:
    """Implements `AuditStore`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def faults(self, place: Place, labels: Sequence[Label]) -> Sequence[Fault]:
        """Those of a place's vectors that should not be as they are."""
        told = [label.model_dump(mode="json", exclude={"id"}) for label in labels]
        reply = await self._supabase.call(
            "audit_vectors_v1", collection=place.collection, model=place.model, vectors=told
        )
        return [Fault.model_validate(row) for row in reply]

    async def passages(self, library: UUID | None, after: UUID | None) -> Passages:
        """A page of the passages that are searched."""
        reply = await self._supabase.call(
            "audit_passages_v1", library=library and str(library), after=after and str(after)
        )
        return Passages.model_validate(reply)

    async def among(self, chunks: Sequence[UUID]) -> Sequence[PlacedPassage]:
        """Those of the passages that are searched now."""
        reply = await self._supabase.call("audit_passages_v1", chunks=[str(chunk) for chunk in chunks])
        return Passages.model_validate(reply).chunks

    async def places(self) -> OwnPlaces:
        """Where vectors of the project are."""
        return OwnPlaces.model_validate(await self._supabase.call("audit_places_v1"))

    async def mend(self, chunks: Sequence[UUID]) -> Sequence[int]:
        """Have vectors written anew."""
        return [int(job) for job in await self._supabase.call("mend_passages_v1", chunks=[str(c) for c in chunks])]

    async def jobs_left(self, jobs: Sequence[int]) -> int:
        """How many of the jobs have not ended."""
        return int(await self._supabase.call("jobs_left_v1", jobs=list(jobs)))
