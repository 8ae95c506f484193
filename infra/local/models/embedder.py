"""Texts → vectors for the event loop: short recurring texts are remembered, large requests give way to small ones."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from infra.local.models.encoder import Encoder, Vector
from infra.local.models.lanes import Lanes

_EXPRESS_TOKENS = 512
"""A request up to this size (a question, the sentences of an answer) takes the express lane."""
_REMEMBERED = 4096
_REMEMBERED_TOKENS = 64
"""Questions and sentences come again and again; whole passages do not."""


class Embedder:
    """Shared by the embeddings endpoint and the answerer."""

    def __init__(self, encoder: Encoder, lanes: Lanes) -> None:
        self._encoder = encoder
        self._lanes = lanes
        self._remembered: OrderedDict[tuple[int, ...], Vector] = OrderedDict()

    async def embed(self, texts: list[str]) -> tuple[list[Vector], int]:
        """The unit vector of each text, in order, and the number of tokens read."""
        sequences = [tuple(ids) for ids in await asyncio.to_thread(self._encoder.ids, texts)]
        known = {ids: self._remembered[ids] for ids in sequences if ids in self._remembered}
        missing = [ids for ids in dict.fromkeys(sequences) if ids not in known]
        express = sum(map(len, missing)) <= _EXPRESS_TOKENS
        made = await self._lanes.map(self._encoder.vector, missing, express=express)
        vectors = known | dict(zip(missing, made, strict=True))
        self._remember(vectors)
        return [vectors[ids] for ids in sequences], sum(map(len, sequences))

    def _remember(self, vectors: dict[tuple[int, ...], Vector]) -> None:
        for ids, vector in vectors.items():
            if len(ids) <= _REMEMBERED_TOKENS:
                self._remembered[ids] = vector
                self._remembered.move_to_end(ids)
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
