"""Documents and their passages over the Data API: `ParseStore` and `EmbedStore`."""

from collections.abc import Sequence

from functions.effects.supabase import Supabase
from schema.documents import Chunk, Document, EmbedBatch
from schema.jobs import Claim
from schema.places import Place


class SupabaseDocuments:
    """Implements `ParseStore` and `EmbedStore`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def start_parse(self, claim: Claim) -> Document:
        """Mark the document as being parsed."""
        reply = await self._supabase.call_for(claim, "start_parse_v1")
        return Document.model_validate(reply["document"])

    async def append_chunks(self, claim: Claim, chunks: Sequence[Chunk], pages_read: int) -> None:
        """Store passages and have them embedded."""
        rows = [chunk.model_dump(mode="json") for chunk in chunks]
        await self._supabase.call_for(claim, "append_chunks_v1", chunks=rows, pages_read=pages_read)

    async def complete_parse(self, claim: Claim, pages: int | None, mime: str, partial: str | None) -> None:
        """End the job."""
        await self._supabase.call_for(claim, "complete_parse_v1", pages=pages, mime=mime, partial=partial)

    async def start_embed(self, claim: Claim, model: str) -> EmbedBatch:
        """The passages of a batch."""
        return EmbedBatch.model_validate(await self._supabase.call_for(claim, "start_embed_v1", model=model))

    async def complete_embed(self, claim: Claim, embedded: int, left_out: Place | None = None) -> None:
        """End the job."""
        place = None if left_out is None else left_out.model_dump()
        await self._supabase.call_for(claim, "complete_embed_v1", embedded=embedded, left_out=place)
