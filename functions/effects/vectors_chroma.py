"""Vectors in Chroma: `VectorIndex`."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import NamedTuple, cast
from uuid import UUID

import numpy as np

from functions.effects.chroma import WRITE_SECONDS, Chroma
from functions.effects.gather import Gathering
from schema.documents import StoredChunk
from schema.places import Place, VectorServer, vector_id
from schema.ports import Vector

WRITES_AT_ONCE = 8  # of up to 128 vectors each

_Metadata = Mapping[str, str | int]
_Vectors = Mapping[str, tuple[Vector, _Metadata]]  # by their ids


class _Write(NamedTuple):
    place: Place
    vectors: _Vectors


class ChromaVectors:
    """Implements `VectorIndex`."""

    def __init__(self, server: VectorServer) -> None:
        self._chroma = Chroma(server)
        # One write at a time: of writes side by side Chroma does each several times over.
        # Measured: infra/decisions/0054-one-writer-at-a-time.md.
        self._writes = Gathering(self._write, WRITES_AT_ONCE)

    async def upsert(self, place: Place, chunks: Sequence[StoredChunk], vectors: Sequence[Vector]) -> None:
        """Store the vectors of passages."""
        described = zip(vectors, map(_metadata, chunks), strict=True)
        names = [vector_id(chunk.id) for chunk in chunks]
        await outlasting_cancellation(self._writes.add(_Write(place, dict(zip(names, described, strict=True)))))

    async def _write(self, writes: Sequence[_Write]) -> Sequence[None]:
        for place, vectors in _by_place(writes).items():
            async with self._chroma.opened(place) as collection:
                await collection.upsert(
                    ids=list(vectors),
                    embeddings=np.asarray([vector for vector, _ in vectors.values()], dtype=np.float32),
                    metadatas=[metadata for _, metadata in vectors.values()],
                )
        return [None] * len(writes)

    async def fetch(self, place: Place, chunks: Sequence[UUID]) -> Mapping[UUID, Vector]:
        """The vectors of those passages that have one there."""
        asked = {vector_id(chunk): chunk for chunk in chunks}
        async with self._chroma.opened(place) as collection:
            found = await collection.get(ids=list(asked), include=["embeddings"])
        vectors = found["embeddings"] if found["embeddings"] is not None else []
        return {asked[name]: cast(Vector, vector) for name, vector in zip(found["ids"], vectors, strict=True)}


def _by_place(writes: Sequence[_Write]) -> Mapping[Place, _Vectors]:
    """All of a place together, each id once: two attempts at one job may meet here, and Chroma refuses a repetition."""
    places: dict[Place, dict[str, tuple[Vector, _Metadata]]] = {}
    for place, vectors in writes:
        places.setdefault(place, {}).update(vectors)
    return places


async def outlasting_cancellation(write: Awaitable[object]) -> None:
    """Wait for a write even when cancelled: whoever comes next must find it done, not on its way.

    Not for ever: a server that does not answer has most likely not taken it.
    """
    task = asyncio.ensure_future(write)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=WRITE_SECONDS)
        task.cancel()
        raise


def _metadata(chunk: StoredChunk) -> _Metadata:
    return {
        "document_id": str(chunk.document_id),
        "library_id": str(chunk.library_id),
        "version": chunk.version,
    }
