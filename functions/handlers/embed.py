"""embed: a batch of passages → vectors in the index."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from functions.handlers.upkeep.late import reported
from functions.pipeline.chunk import embedding_text
from schema.documents import EmbedBatch, StoredChunk
from schema.errors import JobError
from schema.jobs import Claim
from schema.places import Place
from schema.ports import Embedder, EmbedStore, LateWrites, Vector, VectorIndex

log = structlog.get_logger()
MOVE_SECONDS = 60.0  # that a document waits at most for the place its library is moving to; a job has five minutes


@dataclass(frozen=True)
class EmbedHandler:
    """Embeds passages. The job that ends the last batch of a version makes it searchable.

    A library keeps the model that it was begun with; `model` is that of new ones.
    """

    store: EmbedStore
    embedders: Callable[[str], Embedder]
    index: VectorIndex
    late: LateWrites
    model: str

    async def __call__(self, claim: Claim) -> None:
        """Do one embed job."""
        batch = await self.store.start_embed(claim, self.model)
        async with reported(self.late, batch.chunks, batch.places):
            embedded, left_out = await self._write(batch, claim.tenant_id)
            await self.store.complete_embed(claim, embedded, left_out)

    async def _write(self, batch: EmbedBatch, tenant: UUID) -> tuple[int, Place | None]:
        """Write all passages to all places; how many vectors had to be made, and the place that was left out, if any.

        Only the place that answers can fail the document. One that its library is moving to, perhaps with a model that
        does not work, is the move's concern.
        """
        here, *others = batch.places
        vectors, made = await self._vectors(batch, here, tenant)
        await self.index.upsert(here, batch.chunks, vectors)
        for place in others:
            try:
                async with asyncio.timeout(MOVE_SECONDS):
                    if place.model != here.model:
                        vectors, more = await self._vectors(batch, place, tenant)
                        made += more
                    await self.index.upsert(place, batch.chunks, vectors)
            except (JobError, TimeoutError) as error:
                log.warning("place_left_out", place=place.physical, error=str(error) or "no answer in time")
                return made, place
        return made, None

    async def _vectors(self, batch: EmbedBatch, place: Place, tenant: UUID) -> tuple[Sequence[Vector], int]:
        """The vectors of all passages by the model of a place, and how many of them had to be made."""
        vectors = await self._copies(place, batch.chunks)
        new = [chunk for chunk in batch.chunks if chunk.id not in vectors]
        if new:
            texts = [embedding_text(batch.title, chunk.heading_path, chunk.text) for chunk in new]
            fresh = await self.embedders(place.model).embed(texts, "document", tenant)
            vectors |= {chunk.id: vector for chunk, vector in zip(new, fresh, strict=True)}
        return [vectors[chunk.id] for chunk in batch.chunks], len(new)

    async def _copies(self, place: Place, chunks: Sequence[StoredChunk]) -> dict[UUID, Vector]:
        """Vectors of passages that say the same as one of an earlier version, as far as that one still has its own."""
        copied = {chunk.id: chunk.copy_of for chunk in chunks if chunk.copy_of}
        found = await self.index.fetch(place, list(set(copied.values()))) if copied else {}
        return {chunk: found[source] for chunk, source in copied.items() if source in found}
