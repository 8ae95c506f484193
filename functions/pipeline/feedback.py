"""Lets the best passages found say what the question is about: relevance feedback that nobody has to give.

A question has a few words, a passage that answers it has many, and other passages about the same are nearer to it than
to the question. So the question's vector is moved towards those of the best passages, and the candidates are compared
with that: Rocchio's method ("Relevance feedback in information retrieval", 1971), with the first ranking as judge.
Measured in infra/decisions/0072-the-best-passages-feed-back.md.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from schema.ports import Vector
from schema.search import Hit

BEST = 5
PULL = 0.5  # of the best passages' mean, beside the question's own vector

_Array = NDArray[np.float32]


def closeness(question: Vector, ranking: Sequence[Hit], vectors: Mapping[UUID, Vector]) -> list[Hit]:
    """How close the passages of a ranking are to the moved question, closest first, if they have a vector.

    `ranking` is best first, of scores that are not negative. The new scores compare only with each other.
    """
    with_vectors = [hit for hit in ranking if hit.chunk in vectors]
    if not with_vectors:
        return []
    rows = _unit(np.asarray([vectors[hit.chunk] for hit in with_vectors], dtype=np.float32))
    scores = [hit.score for hit in with_vectors[:BEST]]
    best = np.average(rows[:BEST], axis=0, weights=scores if any(scores) else None)
    close = rows @ (_unit(np.asarray(question, dtype=np.float32)) + PULL * best)
    hits = [Hit(hit.chunk, float(score)) for hit, score in zip(with_vectors, close, strict=True)]
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk))


def _unit(vectors: _Array) -> _Array:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: _Array = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit
