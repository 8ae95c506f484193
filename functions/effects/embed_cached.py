"""An embedder that remembers: the same text under the same model is embedded once."""

import asyncio
import hashlib
from array import array
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from schema.ports import Cache, Embedder, TextKind, Vector

KEEP_SECONDS = 30 * 24 * 3600


class Requester(Embedder, Protocol):
    """An embedder whose provider bounds what one request may hold."""

    def requests(self, texts: Sequence[str]) -> list[Sequence[str]]:
        """The texts, parted so that each part is one request, as large as may be."""


class CachedEmbedder:
    """Implements `Embedder` by another one and a cache of its vectors (float32).

    Requests go out side by side. Each is remembered once it is answered, so one that fails costs the others nothing.
    """

    def __init__(self, embedder: Requester, cache: Cache) -> None:
        self._embedder = embedder
        self._cache = cache

    @property
    def model(self) -> str:
        """The model's name."""
        return self._embedder.model

    async def embed(self, texts: Sequence[str], kind: TextKind, tenant: UUID | None = None) -> Sequence[Vector]:
        """One vector per text; only texts never seen are embedded."""
        keys = {text: self._key(text, kind) for text in texts}
        found = await self._cache.get(list(keys.values()))
        vectors = {text: array("f", held) for text, held in zip(keys, found, strict=True) if held is not None}
        parts = self._embedder.requests([text for text in keys if text not in vectors])
        made = await asyncio.gather(
            *(self._make({text: keys[text] for text in part}, kind, tenant) for part in parts), return_exceptions=True
        )
        for result in made:
            if isinstance(result, BaseException):
                raise result
            vectors |= result
        return [vectors[text] for text in texts]

    async def _make(self, keys: Mapping[str, str], kind: TextKind, tenant: UUID | None) -> Mapping[str, "array[float]"]:
        vectors = await self._embedder.embed(list(keys), kind, tenant)
        made = {text: array("f", vector) for text, vector in zip(keys, vectors, strict=True)}
        await self._cache.put({keys[text]: vector.tobytes() for text, vector in made.items()}, KEEP_SECONDS)
        return made

    def _key(self, text: str, kind: TextKind) -> str:
        return f"embedding:{self.model}:{kind}:{hashlib.sha256(text.encode()).hexdigest()}"
