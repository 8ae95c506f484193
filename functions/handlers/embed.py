"""embed: a batch of passages → vectors in the index."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from functions.handlers.upkeep.late import reported
from functions.pipeline.chunk import embedding_text
from schema.documents import EmbedBatch, StoredChunk
from schema.jobs import Claim
from schema.places import Place
from schema.ports import Embedder, EmbedStore, LateWrites, Vector, VectorIndex


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
            embedded = await self._embed(batch, claim.tenant_id)
            await self.store.complete_embed(claim, embedded)

    async def _embed(self, batch: EmbedBatch, tenant: UUID) -> int:
        """Vectors for all passages in all places; how many of them had to be made."""
        made = 0
        for model in dict.fromkeys(place.model for place in batch.places):
            places = [place for place in batch.places if place.model == model]
            vectors = await self._copies(places[0], batch.chunks)
            new = [chunk for chunk in batch.chunks if chunk.id not in vectors]
            if new:
                texts = [embedding_text(batch.title, chunk.heading_path, chunk.text) for chunk in new]
                fresh = await self.embedders(model).embed(texts, "document", tenant)
                vectors |= {chunk.id: vector for chunk, vector in zip(new, fresh, strict=True)}
            for place in places:
                await self.index.upsert(place, batch.chunks, [vectors[chunk.id] for chunk in batch.chunks])
            made += len(new)
        return made

    async def _copies(self, place: Place, chunks: Sequence[StoredChunk]) -> dict[UUID, Vector]:
        """Vectors of passages that say the same as one of an earlier version, as far as that one still has its own."""
        copied = {chunk.id: chunk.copy_of for chunk in chunks if chunk.copy_of}
        found = await self.index.fetch(place, list(set(copied.values()))) if copied else {}
        return {chunk: found[source] for chunk, source in copied.items() if source in found}
