"""embed: a batch of passages → vectors in the index."""

from dataclasses import dataclass

from functions.pipeline.chunk import embedding_text
from schema.jobs import Claim
from schema.ports import Embedder, EmbedStore, VectorIndex


@dataclass(frozen=True)
class EmbedHandler:
    """Embeds passages. The job that ends the last batch of a version makes it searchable."""

    store: EmbedStore
    embedder: Embedder
    index: VectorIndex

    async def __call__(self, claim: Claim) -> None:
        """Do one embed job."""
        batch = await self.store.start_embed(claim)
        texts = [embedding_text(batch.title, chunk) for chunk in batch.chunks]
        vectors = await self.embedder.embed(texts, "document")
        await self.index.upsert(batch, vectors, self.embedder.model)
        await self.store.complete_embed(claim, self.embedder.model)
