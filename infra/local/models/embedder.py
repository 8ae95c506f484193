"""Texts → vectors for the event loop: short recurring texts are remembered, large requests give way to small ones."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from infra.local.models.encoder import Encoder, Vector
from infra.local.models.lanes import Lanes

_EXPRESS_TOKENS = 1024
"""A request up to this size (a question, an answer's sentences, a page) takes the express lane."""
_REMEMBERED = 4096
_REMEMBERED_TOKENS = 64
"""Questions and sentences come again and again; whole passages do not."""


class Embedder:
    """Shared by the endpoints and the answerer."""

    def __init__(self, encoder: Encoder, lanes: Lanes) -> None:
        self._encoder = encoder
        self._lanes = lanes
        self._remembered: OrderedDict[tuple[int, ...], Vector] = OrderedDict()

    async def embed(self, texts: list[str]) -> tuple[list[Vector], int]:
        """The unit vector of each text, in order, and the number of tokens read."""
        sequences = [tuple(ids) for ids in await asyncio.to_thread(self._encoder.ids, texts)]
        known = {ids: self._remembered[ids] for ids in sequences if ids in self._remembered}
        missing = [ids for ids in dict.fromkeys(sequences) if ids not in known]
        made = await self._lanes.map(self._encoder.vector, missing, express=_is_small(missing))
        vectors = known | dict(zip(missing, made, strict=True))
        self._remember(vectors)
        return [vectors[ids] for ids in sequences], sum(map(len, sequences))

    async def relevance(self, query: str, documents: list[str]) -> tuple[list[float], int]:
        """How relevant each document is to the query, at most 1, and the number of tokens read.

        A third is the cosine of the two texts; two thirds are the late interaction: the mean over the query's tokens of
        their best cosine with any token of the document. On 120 SciFact queries with 25 BM25 candidates each: nDCG@10
        .728 by the cosine, .750 by the late interaction, .765 by both (BM25 itself .714).
        """
        asked, *sequences = await asyncio.to_thread(self._encoder.ids, [query, *documents])
        [(vector, tokens)] = await self._lanes.map(self._encoder.read, [asked], express=True)

        def score(ids: list[int]) -> float:
            document, parts = self._encoder.read(ids)
            late = (tokens @ parts.T).max(axis=1).mean()
            return float((vector @ document + 2 * late) / 3)

        scores = await self._lanes.map(score, sequences, express=_is_small(sequences))
        return scores, len(asked) + sum(map(len, sequences))

    def _remember(self, vectors: dict[tuple[int, ...], Vector]) -> None:
        for ids, vector in vectors.items():
            if len(ids) <= _REMEMBERED_TOKENS:
                self._remembered[ids] = vector
                self._remembered.move_to_end(ids)
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)


def _is_small(sequences: Sequence[Sequence[int]]) -> bool:
    return sum(map(len, sequences)) <= _EXPRESS_TOKENS
