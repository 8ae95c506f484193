"""Finds the passages for a question: the same for chat, search, the command line and evaluation."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from functions.handlers.retrieval.found import Found
from functions.pipeline.select import MOST_PASSAGES, WITH_NEIGHBOURS, Selection, select
from functions.pipeline.tokens import beginning
from schema.answers import Candidate, Retrieved, Scope
from schema.errors import JobError
from schema.ports import Embedder, Reranker, SearchStore, Vector, VectorSearch
from schema.search import EVERYTHING, Filter, FoundPassage, Hit

CANDIDATES = 200  # from each arm
LOOKED_AT = 40  # of the fused ranking: enough to fill a prompt, whatever is invisible or there twice
RERANKED = 20
EMBEDDED_TOKENS = 400  # of a long question: embedders read 512, and some servers refuse more


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
        ranking, visible = await self._ranked(found, found.fused[:LOOKED_AT], user, where)
        order = await self._reranked(found, query, [hit.chunk for hit in ranking], visible)
        chosen = select(order, visible, most)
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
        found.placements = scope.placements
        models = sorted({placement.model for placement in scope.placements})
        nearest = await asyncio.gather(*(self._nearest(found, model, query) for model in models))
        found.questions, found.dense = [vector for vector, _ in nearest], [hits for _, hits in nearest]
        found.models = models

    async def _nearest(self, found: Found, model: str, query: str) -> tuple[Vector, Sequence[Hit]]:
        with found.timed("embed"):
            [vector] = await self.embedders(model).embed([beginning(query, EMBEDDED_TOKENS)], "query")
        with found.timed("dense"):
            return vector, await self.index.query(found.placed(model), vector, model, CANDIDATES)

    async def _ranked(
        self, found: Found, ranking: Sequence[Hit], user: UUID, where: Filter
    ) -> tuple[Sequence[Hit], Sequence[FoundPassage]]:
        """The ranking again, now that its best visible passages are known, and all that are visible."""
        if not ranking:
            return [], []
        order = [hit.chunk for hit in ranking]
        visible, vectors = await asyncio.gather(self._visible(found, user, order, where), self._vectors(found, order))
        return found.again(ranking, {passage.chunk_id for passage in visible}, vectors), visible

    async def _visible(self, found: Found, user: UUID, order: Sequence[UUID], where: Filter) -> Sequence[FoundPassage]:
        with found.timed("visible"):
            return await self.store.visible(user, order, WITH_NEIGHBOURS, where)

    async def _vectors(self, found: Found, order: Sequence[UUID]) -> Sequence[Mapping[UUID, Vector]]:
        """The vectors of each model, none if they cannot be had."""
        try:
            with found.timed("feedback"):
                return await asyncio.gather(
                    *(self.index.vectors(found.placed(model), order, model) for model in found.models)
                )
        except JobError as error:
            found.notes.append(f"Not ranked by what the best passages are about: {error}")
            return [{} for _ in found.models]

    async def _reranked(
        self, found: Found, query: str, order: list[UUID], visible: Sequence[FoundPassage]
    ) -> list[UUID]:
        if not self.reranker or not order:
            return order
        texts = {passage.chunk_id: passage.text for passage in visible}
        head = [chunk for chunk in order if chunk in texts][:RERANKED]
        try:
            with found.timed("rerank"):
                scores = await self.reranker.rerank(query, [texts[chunk] for chunk in head])
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
