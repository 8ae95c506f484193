"""Vectors in Chroma: `VectorIndex`."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import cast
from uuid import UUID

import numpy as np

from functions.effects.chroma import Chroma
from schema.documents import StoredChunk
from schema.places import Place, vector_id
from schema.ports import Vector


class ChromaVectors:
    """Implements `VectorIndex`."""

    def __init__(self, url: str) -> None:
        self._chroma = Chroma(url)

    async def upsert(self, place: Place, chunks: Sequence[StoredChunk], vectors: Sequence[Vector]) -> None:
        """Store the vectors of passages."""
        async with self._chroma.opened(place) as collection:
            await outlasting_cancellation(
                collection.upsert(
                    ids=[vector_id(chunk.id, place.model) for chunk in chunks],
                    embeddings=np.asarray(vectors, dtype=np.float32),
                    metadatas=[_metadata(chunk) for chunk in chunks],
                )
            )

    async def fetch(self, place: Place, chunks: Sequence[UUID]) -> Mapping[UUID, Vector]:
        """The vectors of those passages that have one there."""
        asked = {vector_id(chunk, place.model): chunk for chunk in chunks}
        async with self._chroma.opened(place) as collection:
            found = await collection.get(ids=list(asked), include=["embeddings"])
        vectors = found["embeddings"] if found["embeddings"] is not None else []
        return {asked[name]: cast(Vector, vector) for name, vector in zip(found["ids"], vectors, strict=True)}


async def outlasting_cancellation(write: Awaitable[object]) -> None:
    """Wait for a write even when cancelled: whoever comes next must find it done, not on its way."""
    task = asyncio.ensure_future(write)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _metadata(chunk: StoredChunk) -> dict[str, str | int]:
    return {
        "chunk_id": str(chunk.id),
        "document_id": str(chunk.document_id),
        "library_id": str(chunk.library_id),
        "version": chunk.version,
    }
