"""embed: a batch of passages → vectors in the index."""

from collections.abc import Callable
from dataclasses import dataclass

from functions.pipeline.chunk import embedding_text
from schema.documents import EmbedBatch
from schema.jobs import Claim
from schema.ports import Embedder, EmbedStore, VectorIndex


@dataclass(frozen=True)
class EmbedHandler:
    """Embeds passages. The job that ends the last batch of a version makes it searchable.

    A library keeps the model that it was begun with; `model` is that of new ones.
    """

    store: EmbedStore
    embedders: Callable[[str], Embedder]
    index: VectorIndex
    model: str

    async def __call__(self, claim: Claim) -> None:
        """Do one embed job; again if the library began or ended a move meanwhile."""
        completed = False
        while not completed:
            batch = await self.store.start_embed(claim, self.model)
            await self._embed(batch)
            completed = await self.store.complete_embed(claim, batch.generation)

    async def _embed(self, batch: EmbedBatch) -> None:
        texts = [embedding_text(batch.title, chunk.heading_path, chunk.text) for chunk in batch.chunks]
        for model in dict.fromkeys(place.model for place in batch.places):
            vectors = await self.embedders(model).embed(texts, "document")
            for place in (place for place in batch.places if place.model == model):
                await self.index.upsert(place, batch.chunks, vectors)
