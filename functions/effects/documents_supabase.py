"""Documents and their passages over the Data API: `ParseStore`, `EmbedStore` and `PurgeStore`."""

from collections.abc import Sequence

from functions.effects.ends_supabase import GroupedEnds
from functions.effects.supabase import Supabase
from schema.documents import Chunk, Document, EmbedBatch
from schema.jobs import Claim, Json


class SupabaseDocuments:
    """Implements `ParseStore`, `EmbedStore` and `PurgeStore`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase
        self._ends = GroupedEnds(supabase)

    async def start_parse(self, claim: Claim) -> Document:
        """Mark the document as being parsed."""
        reply = await self._supabase.call_for(claim, "start_parse_v1")
        return Document.model_validate(reply["document"])

    async def append_chunks(self, claim: Claim, chunks: Sequence[Chunk]) -> None:
        """Store passages."""
        rows = [chunk.model_dump(mode="json") for chunk in chunks]
        await self._supabase.call_for(claim, "append_chunks_v1", chunks=rows)

    async def complete_parse(self, claim: Claim, pages: int | None, mime: str) -> None:
        """End the job and fan out."""
        await self._supabase.call_for(claim, "complete_parse_v1", pages=pages, mime=mime)

    async def start_embed(self, claim: Claim) -> EmbedBatch:
        """The passages of a batch."""
        return EmbedBatch.model_validate(await self._supabase.call_for(claim, "start_embed_v1"))

    async def complete_embed(self, claim: Claim, model: str) -> None:
        """End the job."""
        await self._supabase.call_for(claim, "complete_embed_v1", model=model)

    async def start_purge(self, claim: Claim) -> bool:
        """Whether the stored file has to go too."""
        return bool((await self._supabase.call_for(claim, "start_purge_v1"))["remove_object"])

    async def complete_purge(self, claim: Claim, receipt: Json) -> None:
        """End the job."""
        await self._ends.end(claim, receipt)
