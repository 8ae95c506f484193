"""Retrieval over ports: both arms, or the one that is left."""

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

import pytest

from functions.handlers.retrieval.retrieve import Retriever
from schema.answers import Placement, Scope
from schema.errors import TransientError
from schema.ports import TextKind, Vector
from schema.search import Filter, FoundPassage, Hit

pytestmark = pytest.mark.anyio
USER, LIBRARY = uuid4(), uuid4()
DOWN = TransientError("down", "It is down.")


class World:
    """Every port at once. `broken` names the methods that fail."""

    model = "m"

    def __init__(self, texts: Mapping[int, str], broken: Sequence[str] = ()) -> None:
        self.texts = texts
        self.broken = broken
        self.models = ["m"]
        self.queried: list[str] = []
        self.dense = [Hit(UUID(int=2), 0.9), Hit(UUID(int=3), 0.1)]
        self.meanings: dict[int, Vector] = {}

    def _check(self, method: str) -> None:
        if method in self.broken:
            raise DOWN

    async def scope(self, _user: UUID, _library: UUID | None, _where: Filter) -> Scope:
        self._check("scope")
        placements = [Placement(library_id=LIBRARY, collection="c", model=model) for model in self.models]
        return Scope(placements=placements, revision="1")

    async def lexical(
        self, _user: UUID, _query: str, _library: UUID | None, _limit: int, _where: Filter
    ) -> Sequence[Hit]:
        self._check("lexical")
        return [Hit(UUID(int=1), 3.0), Hit(UUID(int=2), 1.0)]

    async def visible(
        self, _user: UUID, chunks: Sequence[UUID], _around: int, _where: Filter
    ) -> Sequence[FoundPassage]:
        return [_passage(chunk, self.texts[chunk.int]) for chunk in chunks if chunk.int in self.texts]

    async def embed(self, texts: Sequence[str], kind: TextKind, _tenant: UUID | None = None) -> Sequence[Vector]:
        self._check("embed")
        assert kind == "query"
        return [[1.0, 0.0] for _ in texts]

    async def query(self, _placements: Sequence[Placement], _vector: Vector, model: str, _limit: int) -> Sequence[Hit]:
        self._check("query")
        self.queried.append(model)
        return self.dense

    async def vectors(
        self, _placements: Sequence[Placement], chunks: Sequence[UUID], _model: str
    ) -> Mapping[UUID, Vector]:
        self._check("vectors")
        return {chunk: self.meanings[chunk.int] for chunk in chunks if chunk.int in self.meanings}

    async def rerank(self, _query: str, texts: Sequence[str]) -> Sequence[float]:
        self._check("rerank")
        return [float(len(text)) for text in texts]

    def retriever(self, rerank: bool = False) -> Retriever:
        return Retriever(self, lambda _: self, self, self if rerank else None)


def _passage(chunk: UUID, text: str) -> FoundPassage:
    return FoundPassage(
        chunk_id=chunk,
        document_id=LIBRARY,
        title="t",
        page=None,
        heading_path=[],
        ordinal=chunk.int,
        text=text,
        tokens=9,
    )


TEXTS = {1: "one", 2: "two two", 3: "three three three"}


async def found(world: World, rerank: bool = False) -> tuple[list[int], list[str]]:
    result = await world.retriever(rerank).retrieve(USER, "what", None)
    return [passage.chunk_id.int for passage in result.passages], list(result.notes)


async def test_both_arms_are_fused_and_told_of() -> None:
    result = await World(TEXTS).retriever().retrieve(USER, "what", None)
    assert {passage.chunk_id.int for passage in result.passages} == {1, 2, 3}
    told = {candidate.chunk_id.int: candidate for candidate in result.candidates}
    assert (told[2].dense_rank, told[2].lexical_rank) == (1, 2)
    assert (told[3].dense_rank, told[3].lexical_rank) == (2, None)
    assert sorted(candidate.place or 0 for candidate in result.candidates) == [1, 2, 3]
    assert result.embedding_model == "m"
    assert {"scope", "embed", "dense", "lexical", "visible"} <= set(result.timings)


async def test_what_is_not_visible_is_not_there_and_the_candidate_says_so() -> None:
    result = await World({2: "two"}).retriever().retrieve(USER, "what", None)
    assert [passage.chunk_id.int for passage in result.passages] == [2]
    assert {c.chunk_id.int for c in result.candidates if c.dropped == "not_visible"} == {1, 3}


@pytest.mark.parametrize("broken", ["embed", "query", "scope"])
async def test_without_the_dense_arm_words_find_alone(broken: str) -> None:
    assert await found(World(TEXTS, [broken])) == ([1, 2], ["Not searched by meaning: It is down."])


async def test_without_the_lexical_arm_meaning_finds_alone() -> None:
    assert await found(World(TEXTS, ["lexical"])) == ([2, 3], ["Not searched by words: It is down."])


async def test_without_both_there_is_an_error() -> None:
    with pytest.raises(TransientError):
        await found(World(TEXTS, ["lexical", "query"]))


async def test_each_model_is_asked_once() -> None:
    world = World(TEXTS)
    world.models = ["m", "n"]
    await found(world)
    assert sorted(world.queried) == ["m", "n"]


async def test_what_the_best_visible_passage_is_about_brings_its_like_nearer() -> None:
    world = World(TEXTS | {4: "four"})
    world.dense = [Hit(UUID(int=n), score) for n, score in ((2, 0.9), (5, 0.9), (3, 0.6), (4, 0.59), (9, 0.1))]
    assert (await found(world))[0].index(3) < (await found(world))[0].index(4)

    world.meanings = {2: [0.6, 0.8], 5: [0.6, -0.8], 3: [0.6, -0.8], 4: [0.59, 0.81]}  # 5 may not be seen
    assert (await found(world))[0].index(4) < (await found(world))[0].index(3)


async def test_without_vectors_the_ranking_stays_and_it_is_said() -> None:
    passages, notes = await found(World(TEXTS, ["vectors"]))
    assert passages == (await found(World(TEXTS)))[0]
    assert notes == ["Not ranked by what the best passages are about: It is down."]


async def test_a_reranker_orders_the_best_and_is_not_needed() -> None:
    assert (await found(World(TEXTS), rerank=True))[0] == [3, 2, 1]
    passages, notes = await found(World(TEXTS, ["rerank"]), rerank=True)
    assert passages == (await found(World(TEXTS)))[0]
    assert notes == ["Not reranked: It is down."]
