"""Search in Chroma: `VectorSearch`.

Questions go to Chroma's documented HTTP interface without its client, which takes longer for them than the server does:
infra/decisions/0020-calls-go-over-aiohttp-and-ends-together.md.
"""

import asyncio
import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

import aiohttp
import numpy as np
import orjson

from functions.effects.chroma import READ_SECONDS, Chroma, key_headers
from functions.effects.session import open_session
from schema.answers import Placement
from schema.places import Place, VectorServer, uuids_of, vector_id
from schema.ports import Vector
from schema.search import Hit

MOST_NAMED = 1000  # documents in a condition; beyond, what is found is sorted out by the visibility rule alone
NOTHING = "-"  # no document's id: an empty list is not allowed


class ChromaSearch:
    """Implements `VectorSearch`."""

    def __init__(self, server: VectorServer) -> None:
        self._server = server
        self._chroma = Chroma(server, READ_SECONDS)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def query(self, placements: Sequence[Placement], vector: Vector, model: str, limit: int) -> Sequence[Hit]:
        """The nearest passages, merged over the collections that hold these libraries."""
        found = await asyncio.gather(
            *(
                self._nearest(place, _where(those), vector, limit)
                for place, those in _together(placements, model).items()
            )
        )
        return heapq.nlargest(limit, (hit for hits in found for hit in hits), key=lambda hit: hit.score)

    async def vectors(
        self, placements: Sequence[Placement], chunks: Sequence[UUID], model: str
    ) -> Mapping[UUID, Vector]:
        """Passages' vectors, from whichever of the collections has them."""
        found = await asyncio.gather(*(self._vectors(place, chunks) for place in _together(placements, model)))
        return {chunk: vector for vectors in found for chunk, vector in vectors.items()}

    async def _nearest(self, place: Place, where: dict[str, Any] | None, vector: Vector, limit: int) -> list[Hit]:
        vectors = [np.asarray(vector, dtype=np.float32)]
        found = await self._ask(
            place, "query", query_embeddings=vectors, n_results=limit, where=where, include=["distances"]
        )
        [names], [distances] = found["ids"], found["distances"]
        scored = zip(uuids_of(names), distances, strict=True)
        return [Hit(chunk, 1 - distance) for chunk, distance in scored if chunk]

    async def _vectors(self, place: Place, chunks: Sequence[UUID]) -> Mapping[UUID, Vector]:
        asked = {vector_id(chunk): chunk for chunk in chunks}
        found = await self._ask(place, "get", ids=list(asked), include=["embeddings"])
        return {asked[name]: vector for name, vector in zip(found["ids"], found["embeddings"], strict=True)}

    async def _ask(self, place: Place, verb: str, **question: Any) -> Any:
        async with self._chroma.opened(place) as at:
            url = f"{self._chroma.url}/api/v2/tenants/{at.tenant}/databases/{at.database}/collections/{at.id}/{verb}"
            content = orjson.dumps(question, option=orjson.OPT_SERIALIZE_NUMPY)
            async with self._session.post(url, data=content) as reply:
                reply.raise_for_status()
                return orjson.loads(await reply.read())

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        headers = {"Content-Type": "application/json", **key_headers(self._server)}
        return open_session(self._chroma.url, headers, READ_SECONDS)


def _together(placements: Sequence[Placement], model: str) -> Mapping[Place, list[Placement]]:
    """By the collection that holds them."""
    together: dict[Place, list[Placement]] = defaultdict(list)
    for placement in placements:
        together[Place(collection=placement.collection, model=model)].append(placement)
    return together


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
