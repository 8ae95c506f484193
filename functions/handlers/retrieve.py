"""Finds the passages for a question: the same for chat, search and evaluation."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from functions.pipeline.fuse import fuse
from functions.pipeline.select import select
from schema.answers import Passage
from schema.ports import Embedder, SearchStore, VectorIndex

CANDIDATES = 40  # from each arm


@dataclass(frozen=True)
class Retriever:
    """Hybrid retrieval on behalf of a person: by meaning and by words, fused, and only what that person may see."""

    store: SearchStore
    embedder: Embedder
    index: VectorIndex

    async def retrieve(self, user: UUID, query: str, library: UUID | None) -> Sequence[Passage]:
        """The passages for a prompt, best first."""
        rankings = await asyncio.gather(
            self._by_meaning(user, query, library), self.store.lexical(user, query, library, CANDIDATES)
        )
        ranking = fuse(rankings)
        return select(ranking, await self.store.visible(user, ranking)) if ranking else []

    async def _by_meaning(self, user: UUID, query: str, library: UUID | None) -> Sequence[UUID]:
        placements, [vector] = await asyncio.gather(
            self.store.scope(user, library), self.embedder.embed([query], "query")
        )
        return await self.index.query(placements, vector, self.embedder.model, CANDIDATES) if placements else []
