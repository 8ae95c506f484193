"""An embedder that remembers: the same text under the same model is embedded once."""

import hashlib
from array import array
from collections.abc import Sequence

from schema.ports import Cache, Embedder, TextKind, Vector

KEEP_SECONDS = 30 * 24 * 3600


class CachedEmbedder:
    """Implements `Embedder` by another one and a cache of its vectors (float32)."""

    def __init__(self, embedder: Embedder, cache: Cache) -> None:
        self._embedder = embedder
        self._cache = cache

    @property
    def model(self) -> str:
        """The model's name."""
        return self._embedder.model

    async def embed(self, texts: Sequence[str], kind: TextKind) -> Sequence[Vector]:
        """One vector per text; only texts never seen are embedded."""
        keys = [self._key(text, kind) for text in texts]
        vectors = {k: array("f", v) for k, v in zip(keys, await self._cache.get(keys), strict=True) if v is not None}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in vectors}
        if missing:
            made = await self._embedder.embed(list(missing.values()), kind)
            fresh = {key: array("f", vector) for key, vector in zip(missing, made, strict=True)}
            await self._cache.put({key: vector.tobytes() for key, vector in fresh.items()}, KEEP_SECONDS)
            vectors |= fresh
        return [vectors[key] for key in keys]

    def _key(self, text: str, kind: TextKind) -> str:
        return f"embedding:{self.model}:{kind}:{hashlib.sha256(text.encode()).hexdigest()}"
