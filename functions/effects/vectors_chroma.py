"""Vectors in Chroma: `VectorIndex`."""

import asyncio
import heapq
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import chromadb
import httpx
import numpy as np
from chromadb.api.models.AsyncCollection import AsyncCollection
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError

from schema.answers import Placement
from schema.documents import StoredChunk
from schema.errors import TransientError
from schema.places import Place
from schema.ports import Vector


class ChromaVectors:
    """Implements `VectorIndex`. A physical collection holds the vectors of one model and of one or more libraries."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._client: Any = None
        self._collections: dict[str, AsyncCollection] = {}

    async def upsert(self, place: Place, chunks: Sequence[StoredChunk], vectors: Sequence[Vector]) -> None:
        """Store the vectors of passages."""
        async with self._opened(place.collection, place.model) as collection:
            await collection.upsert(
                ids=[str(uuid5(chunk.id, place.model)) for chunk in chunks],
                embeddings=np.asarray(vectors, dtype=np.float32),
                metadatas=[_metadata(chunk) for chunk in chunks],
            )

    async def fetch(self, place: Place, chunks: Sequence[UUID]) -> Mapping[UUID, Vector]:
        """The vectors of those passages that have one."""
        if not chunks:
            return {}
        owners = {str(uuid5(chunk, place.model)): chunk for chunk in chunks}
        async with self._opened(place.collection, place.model) as collection:
            found = await collection.get(ids=list(owners), include=["embeddings"])
        vectors = found["embeddings"]
        return {} if vectors is None else {owners[i]: list(v) for i, v in zip(found["ids"], vectors, strict=True)}

    async def query(self, placements: Sequence[Placement], vector: Vector, model: str, limit: int) -> Sequence[UUID]:
        """Ids of the nearest passages, merged over the collections that hold these libraries."""
        libraries: dict[str, list[str]] = defaultdict(list)
        for placement in placements:
            libraries[placement.collection].append(str(placement.library_id))
        found = await asyncio.gather(*(self._nearest(c, ids, vector, model, limit) for c, ids in libraries.items()))
        nearest = heapq.nsmallest(limit, (hit for hits in found for hit in hits))
        return [chunk for _, chunk in nearest]

    async def delete(self, collection: str, document: UUID, before_version: int | None, model: str) -> int:
        """Remove vectors; returns how many are left, by looking."""
        where: dict[str, Any] = {"document_id": str(document)}
        if before_version is not None:
            where = {"$and": [where, {"version": {"$lt": before_version}}]}
        async with self._opened(collection, model) as opened:
            await opened.delete(where=where)
            return len((await opened.get(where=where, include=[], limit=10))["ids"])

    async def _nearest(
        self, name: str, libraries: list[str], vector: Vector, model: str, limit: int
    ) -> list[tuple[float, UUID]]:
        async with self._opened(name, model) as collection:
            result = await collection.query(
                query_embeddings=np.asarray([vector], dtype=np.float32),
                n_results=limit,
                where={"library_id": {"$in": libraries}},  # type: ignore[dict-item]  # narrower than the library's alias
                include=["distances", "metadatas"],
            )
        distances, metadatas = result["distances"] or [[]], result["metadatas"] or [[]]
        return [
            (distance, UUID(str(metadata["chunk_id"])))
            for distance, metadata in zip(distances[0], metadatas[0], strict=True)
        ]

    @asynccontextmanager
    async def _opened(self, name: str, model: str) -> AsyncIterator[AsyncCollection]:
        """The physical collection, made if need be. Handles are kept; after any error they are looked up anew."""
        key = physical_name(name, model)
        try:
            if key not in self._collections:
                self._collections[key] = await self._look_up(key)
            yield self._collections[key]
        except (httpx.HTTPError, ChromaError) as error:
            self._collections.pop(key, None)
            raise TransientError("vectors_unavailable", "The vector index cannot be reached at the moment.") from error

    async def _look_up(self, key: str) -> AsyncCollection:
        if self._client is None:
            self._client = await self._connect()
        collection: AsyncCollection = await self._client.get_or_create_collection(
            key, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        return collection

    async def _connect(self) -> Any:
        secure = self._url.scheme == "https"
        try:
            return await chromadb.AsyncHttpClient(
                host=self._url.hostname or "localhost",
                port=self._url.port or (443 if secure else 8000),
                ssl=secure,
                settings=ChromaSettings(anonymized_telemetry=False),
            )
        except ValueError as error:  # what the client raises when nobody answers
            raise httpx.ConnectError(str(error)) from error


def physical_name(collection: str, model: str) -> str:
    """The name in Chroma of a collection for one model: models' vectors differ in size and meaning."""
    return f"{collection}.{''.join(c if c.isalnum() else '-' for c in model.lower())}".strip("-")


def _metadata(chunk: StoredChunk) -> dict[str, str | int]:
    return {
        "chunk_id": str(chunk.id),
        "document_id": str(chunk.document_id),
        "library_id": str(chunk.library_id),
        "version": chunk.version,
    }
