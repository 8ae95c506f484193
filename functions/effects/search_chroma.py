"""Search in Chroma: `VectorSearch`."""

import asyncio
import heapq
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from functions.effects.chroma import Chroma
from schema.answers import Placement
from schema.places import Place, uuid_of
from schema.ports import Vector
from schema.search import Hit

MOST_NAMED = 1000  # documents in a condition; beyond, what is found is sorted out by the visibility rule alone
NOTHING = "-"  # no document's id: an empty list is not allowed


class ChromaSearch:
    """Implements `VectorSearch`."""

    def __init__(self, url: str) -> None:
        self._chroma = Chroma(url)

    async def query(self, placements: Sequence[Placement], vector: Vector, model: str, limit: int) -> Sequence[Hit]:
        """The nearest passages, merged over the collections that hold these libraries."""
        together: dict[str, list[Placement]] = defaultdict(list)
        for placement in placements:
            together[placement.collection].append(placement)
        found = await asyncio.gather(
            *(
                self._nearest(Place(collection=collection, model=model), _where(those), vector, limit)
                for collection, those in together.items()
            )
        )
        return heapq.nlargest(limit, (hit for hits in found for hit in hits), key=lambda hit: hit.score)

    async def _nearest(self, place: Place, where: dict[str, Any] | None, vector: Vector, limit: int) -> list[Hit]:
        async with self._chroma.opened(place) as collection:
            result = await collection.query(
                query_embeddings=np.asarray([vector], dtype=np.float32),
                n_results=limit,
                where=where,
                include=["distances"],
            )
        [names], [distances] = result["ids"], result["distances"] or [[]]
        chunks = map(uuid_of, names)
        return [Hit(chunk, 1 - distance) for chunk, distance in zip(chunks, distances, strict=True) if chunk]


def _where(placements: Sequence[Placement]) -> dict[str, Any] | None:
    """The condition on metadata; a collection that holds nothing else is searched without one, many times as fast."""
    conditions: list[dict[str, Any]] = []
    if any(placement.shared for placement in placements):
        conditions.append({"library_id": {"$in": [str(placement.library_id) for placement in placements]}})
    chosen = [placement.documents for placement in placements]
    documents = [str(document) for those in chosen if those is not None for document in those]
    if None not in chosen and len(documents) <= MOST_NAMED:
        conditions.append({"document_id": {"$in": documents or [NOTHING]}})
    if len(conditions) > 1:
        return {"$and": conditions}
    return conditions[0] if conditions else None
