"""What a search has found so far."""

import time
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from functions.pipeline.feedback import closeness
from functions.pipeline.fuse import comparable, fuse, join, weight_of_meaning
from schema.answers import Placement
from schema.ports import Vector
from schema.search import Hit


@dataclass
class Found:
    """What both arms found.

    By meaning it is told for each model: `models`, `questions` (the query's vectors) and `dense` go together, and
    `placements` say where it was found. `notes` say what could not be done; `timings` are milliseconds.
    """

    models: Sequence[str] = ()
    questions: Sequence[Vector] = ()
    dense: Sequence[Sequence[Hit]] = ()
    lexical: Sequence[Hit] = ()
    placements: Sequence[Placement] = ()
    notes: list[str] = field(default_factory=list)
    timings: dict[str, int] = field(default_factory=dict)

    @property
    def fused(self) -> list[Hit]:
        """Both arms in one ranking."""
        return fuse(self.dense, self.lexical)

    def again(
        self, ranking: Sequence[Hit], visible: Container[UUID], vectors: Sequence[Mapping[UUID, Vector]]
    ) -> list[Hit]:
        """Its candidates in the order that they have once the best visible ones have fed back."""
        seen = [hit for hit in ranking if hit.chunk in visible]
        moved = [closeness(question, seen, those) for question, those in zip(self.questions, vectors, strict=True)]
        if not any(moved):
            return list(ranking)
        candidates = {hit.chunk for hit in ranking}
        by_words = [hit for hit in self.lexical if hit.chunk in candidates]
        weight = weight_of_meaning(comparable(self.dense), self.lexical)
        scores = dict(join(comparable(moved), by_words, weight))
        return sorted((Hit(hit.chunk, scores.get(hit.chunk, 0.0)) for hit in ranking), key=lambda hit: -hit.score)

    def placed(self, model: str) -> list[Placement]:
        """Where the vectors of a model are."""
        return [placement for placement in self.placements if placement.model == model]

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Take the time of a step."""
        started = time.monotonic()
        yield
        self.timings[name] = self.timings.get(name, 0) + round((time.monotonic() - started) * 1000)
