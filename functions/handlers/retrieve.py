"""Finds the passages for a question: the same for chat, search, the command line and evaluation."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from functions.pipeline.fuse import fuse
from functions.pipeline.select import MOST_PASSAGES, WITH_NEIGHBOURS, Selection, select
from schema.answers import Candidate, Placement, Retrieved, Scope
from schema.errors import JobError
from schema.ports import Embedder, Reranker, SearchStore, VectorSearch
from schema.search import EVERYTHING, Filter, Hit

T = TypeVar("T")

CANDIDATES = 200  # from each arm
LOOKED_AT = 40  # of the fused ranking: enough to fill a prompt, whatever is invisible or there twice
RERANKED = 20


@dataclass
class Found:
    """What both arms found. `notes` say what could not be done; `timings` are milliseconds."""

    dense: Sequence[Sequence[Hit]] = ()
    lexical: Sequence[Hit] = ()
    models: Sequence[str] = ()
    notes: list[str] = field(default_factory=list)
    timings: dict[str, int] = field(default_factory=dict)

    @property
    def fused(self) -> list[Hit]:
        """Both arms in one ranking."""
        return fuse(self.dense, self.lexical)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Take the time of a step."""
        started = time.monotonic()
        yield
        self.timings[name] = self.timings.get(name, 0) + round((time.monotonic() - started) * 1000)


@dataclass(frozen=True)
class Retriever:
    """Hybrid retrieval on behalf of a person: by meaning and by words, fused, and only what that person may see."""

    store: SearchStore
    embedders: Callable[[str], Embedder]
    index: VectorSearch
    reranker: Reranker | None = None

    async def retrieve(
        self,
        user: UUID,
        query: str,
        library: UUID | None,
        where: Filter = EVERYTHING,
        most: int = MOST_PASSAGES,
        scope: Scope | None = None,
    ) -> Retrieved:
        """The passages for a prompt, at most `most` besides neighbours, and how they came to be chosen."""
        found = await self.search(user, query, library, where, scope)
        return await self.choose(found, user, query, where, most)

    async def choose(
        self, found: Found, user: UUID, query: str, where: Filter = EVERYTHING, most: int = MOST_PASSAGES
    ) -> Retrieved:
        """Of what was found, what the person may see and a prompt has room for."""
        ranking = found.fused[:LOOKED_AT]
        chosen = await self._select(found, ranking, user, query, where, most) if ranking else Selection([], {})
        return Retrieved(
            passages=chosen.passages,
            candidates=_candidates(found, ranking, chosen),
            embedding_model=", ".join(found.models),
            timings=found.timings,
            notes=found.notes,
        )

    async def search(
        self, user: UUID, query: str, library: UUID | None, where: Filter = EVERYTHING, scope: Scope | None = None
    ) -> Found:
        """Both arms at once. If one is down the other answers alone; raises `JobError` if both are.

        `scope` is what may be searched, if that is known already.
        """
        found = Found()
        problems = await asyncio.gather(
            _attempt(self._by_meaning(found, user, query, library, where, scope)),
            _attempt(self._by_words(found, user, query, library, where)),
        )
        if all(problems):
            raise next(problem for problem in problems if problem)
        for problem, arm in zip(problems, ("meaning", "words"), strict=True):
            if problem:
                found.notes.append(f"Not searched by {arm}: {problem}")
        return found

    async def _by_words(self, found: Found, user: UUID, query: str, library: UUID | None, where: Filter) -> None:
        with found.timed("lexical"):
            found.lexical = await self.store.lexical(user, query, library, CANDIDATES, where)

    async def _by_meaning(
        self, found: Found, user: UUID, query: str, library: UUID | None, where: Filter, scope: Scope | None
    ) -> None:
        if scope is None:
            with found.timed("scope"):
                scope = await self.store.scope(user, library, where)
        placements = scope.placements
        found.models = sorted({placement.model for placement in placements})
        found.dense = await asyncio.gather(
            *(self._nearest(found, model, query, [p for p in placements if p.model == model]) for model in found.models)
        )

    async def _nearest(self, found: Found, model: str, query: str, placements: Sequence[Placement]) -> Sequence[Hit]:
        with found.timed("embed"):
            [vector] = await self.embedders(model).embed([query], "query")
        with found.timed("dense"):
            return await self.index.query(placements, vector, model, CANDIDATES)

    async def _select(
        self, found: Found, ranking: Sequence[Hit], user: UUID, query: str, where: Filter, most: int
    ) -> Selection:
        order = [hit.chunk for hit in ranking]
        with found.timed("visible"):
            visible = await self.store.visible(user, order, WITH_NEIGHBOURS, where)
        if self.reranker:
            with found.timed("rerank"):
                texts = {passage.chunk_id: passage.text for passage in visible}
                order = await self._reranked(self.reranker, found, query, order, texts)
        return select(order, visible, most)

    async def _reranked(
        self, reranker: Reranker, found: Found, query: str, order: list[UUID], texts: Mapping[UUID, str]
    ) -> list[UUID]:
        head = [chunk for chunk in order if chunk in texts][:RERANKED]
        try:
            scores = await reranker.rerank(query, [texts[chunk] for chunk in head])
        except JobError as error:
            found.notes.append(f"Not reranked: {error}")
            return order
        by_score = dict(zip(head, scores, strict=True))
        return sorted(order, key=lambda chunk: -by_score.get(chunk, float("-inf")))


async def _attempt(arm: Awaitable[None]) -> JobError | None:
    try:
        await arm
    except JobError as error:
        return error
    return None


def _candidates(found: Found, ranking: Sequence[Hit], chosen: Selection) -> list[Candidate]:
    dense = {hit.chunk: (rank, hit.score) for hits in found.dense for rank, hit in enumerate(hits, 1)}
    lexical = {hit.chunk: (rank, hit.score) for rank, hit in enumerate(found.lexical, 1)}
    places = {passage.chunk_id: place for place, passage in enumerate(chosen.passages, 1)}
    return [
        Candidate(
            chunk_id=hit.chunk,
            dense_rank=dense.get(hit.chunk, (None, None))[0],
            dense_score=dense.get(hit.chunk, (None, None))[1],
            lexical_rank=lexical.get(hit.chunk, (None, None))[0],
            lexical_score=lexical.get(hit.chunk, (None, None))[1],
            fused_score=hit.score,
            place=places.get(hit.chunk),
            dropped=None if hit.chunk in places else chosen.dropped.get(hit.chunk),
        )
        for hit in ranking
    ]
