"""Removing, copying and looking through vectors in Chroma: `VectorPurge` and `VectorUpkeep`. Pages bound the memory."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from chromadb.api.models.AsyncCollection import AsyncCollection

from functions.effects.vectors_chroma import ChromaVectors, outlasting_cancellation
from schema.errors import TransientError
from schema.places import Label, Leftover, Page, Place, uuid_of, uuids_of, vector_id
from schema.ports import Vector

PAGE = 1000


class ChromaUpkeep(ChromaVectors):
    """Implements `VectorPurge` and `VectorUpkeep`."""

    async def remove_document(self, place: Leftover, document: UUID, upto: int) -> int:
        """Remove the vectors of a document's versions up to one, but for those kept; how many there were."""
        conditions: list[dict[str, Any]] = [{"document_id": str(document)}, {"version": {"$lte": upto}}]
        if place.keep:
            conditions.append({"version": {"$nin": list(place.keep)}})
        return await self._remove(place, {"$and": conditions})

    async def remove_library(self, place: Place, library: UUID) -> int:
        """Remove all vectors of a library; how many there were. A collection of its own goes as a whole."""
        if not place.collection.endswith(f"-library-{library}"):
            return await self._remove(place, {"library_id": str(library)})
        count = await self._count(place.physical)
        await self._chroma.drop(place.physical)
        if await self._count(place.physical):
            raise TransientError("purge_incomplete", f"The collection {place.physical} has vectors after its removal.")
        return count

    async def holds(self, collection: str, name: str) -> bool:
        """Whether there is a vector of this id."""
        async with self._chroma.found(collection) as opened:
            return opened is not None and bool((await opened.get(ids=[name], include=[]))["ids"])

    async def remove(self, collection: str, ids: Sequence[str]) -> None:
        """Remove vectors by their ids, from a collection named physically."""
        async with self._chroma.found(collection) as opened:
            if opened is not None:
                await outlasting_cancellation(opened.delete(ids=list(ids)))

    async def drop(self, collection: str) -> None:
        """Remove a collection named physically."""
        await self._chroma.drop(collection)

    async def missing(self, place: Place, chunks: Sequence[UUID]) -> Sequence[UUID]:
        """Those of the passages that have no vector there."""
        names = {vector_id(chunk): chunk for chunk in chunks}
        async with self._chroma.found(place.physical) as collection:
            found = set((await collection.get(ids=list(names), include=[]))["ids"]) if collection else set()
        return [chunk for name, chunk in names.items() if name not in found]

    async def page(self, collection: str, offset: int, library: UUID | None = None) -> Page:
        """A page of what a collection, named physically, holds; of one library, if given."""
        where: dict[str, Any] | None = {"library_id": str(library)} if library else None
        async with self._chroma.found(collection) as opened:
            if opened is None:
                return Page(labels=[], full=False)
            found = await opened.get(where=where, include=["metadatas"], limit=PAGE, offset=offset)
        metadatas = found["metadatas"] or []
        labels = [_label(name, metadata) for name, metadata in zip(found["ids"], metadatas, strict=True)]
        return Page(labels=labels, full=len(labels) == PAGE)

    async def collections(self, mark: str) -> Sequence[str]:
        """The physical names of all collections that begin like this."""
        names: list[str] = []
        while page := await self._chroma.names(PAGE, len(names)):
            names += page
        return [name for name in names if name.startswith(mark)]

    async def nearest(self, place: Place, library: UUID, vectors: Sequence[Vector], limit: int) -> Sequence[list[UUID]]:
        """For each vector the ids of the nearest passages of a library, nearest first."""
        async with self._chroma.opened(place) as collection:
            result = await collection.query(
                query_embeddings=np.asarray(vectors, dtype=np.float32),
                n_results=limit,
                where={"library_id": str(library)},
                include=[],
            )
        return [[chunk for chunk in uuids_of(names) if chunk] for names in result["ids"]]

    async def _count(self, collection: str) -> int:
        async with self._chroma.found(collection) as opened:
            return await opened.count() if opened else 0

    async def _remove(self, place: Place, where: dict[str, Any]) -> int:
        """Remove page by page until a look finds nothing."""
        removed = 0
        async with self._chroma.found(place.physical) as collection:
            while collection and (ids := await _some(collection, where)):
                await outlasting_cancellation(collection.delete(ids=ids))
                removed += len(ids)
        return removed


async def _some(collection: AsyncCollection, where: dict[str, Any]) -> list[str]:
    return (await collection.get(where=where, include=[], limit=PAGE))["ids"]


def _label(name: str, metadata: Mapping[str, Any] | None) -> Label:
    told = metadata or {}
    version = told.get("version")
    return Label(
        id=name,
        chunk_id=uuid_of(name),
        document_id=uuid_of(told.get("document_id")),
        library_id=uuid_of(told.get("library_id")),
        version=version if isinstance(version, int) else None,
    )
