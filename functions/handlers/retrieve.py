"""Finds the passages for a question: the same for chat, search and evaluation."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from functions.pipeline.fuse import fuse
from functions.pipeline.select import select
from schema.answers import Passage, Placement
from schema.ports import Embedder, SearchStore, VectorIndex

CANDIDATES = 40  # from each arm


@dataclass(frozen=True)
class Retriever:
    """Hybrid retrieval on behalf of a person: by meaning and by words, fused, and only what that person may see."""

    store: SearchStore
    embedders: Callable[[str], Embedder]
    index: VectorIndex

    async def retrieve(self, user: UUID, query: str, library: UUID | None) -> Sequence[Passage]:
        """The passages for a prompt, best first."""
        rankings = await asyncio.gather(
            self._by_meaning(user, query, library), self.store.lexical(user, query, library, CANDIDATES)
        )
        ranking = fuse(rankings)
        return select(ranking, await self.store.visible(user, ranking)) if ranking else []

    async def _by_meaning(self, user: UUID, query: str, library: UUID | None) -> Sequence[UUID]:
        placements = await self.store.scope(user, library)
        models = sorted({placement.model for placement in placements})
        return fuse(await asyncio.gather(*(self._nearest(model, query, placements) for model in models)))

    async def _nearest(self, model: str, query: str, placements: Sequence[Placement]) -> Sequence[UUID]:
        [vector] = await self.embedders(model).embed([query], "query")
        return await self.index.query([p for p in placements if p.model == model], vector, model, CANDIDATES)
