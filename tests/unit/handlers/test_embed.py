"""The embed handler: what an earlier version has is copied, the rest is embedded, every place gets everything."""

import uuid
from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest

from functions.handlers.embed import EmbedHandler
from schema.documents import EmbedBatch, StoredChunk
from schema.jobs import Claim, Queue
from schema.places import Place
from schema.ports import Embedder, TextKind, Vector

pytestmark = pytest.mark.anyio
HERE, THERE = Place(collection="shard-1", model="one"), Place(collection="own", model="other")


def stored(ordinal: int, text: str, copy_of: UUID | None = None) -> StoredChunk:
    return StoredChunk(
        id=uuid.uuid4(), ordinal=ordinal, text=text, tokens=1, page=None, char_start=0, char_end=1, heading_path=("H",),
        content_hash="h", anchor=0, language="pg_catalog.english", document_id=UUID(int=1), library_id=UUID(int=2),
        version=2, copy_of=copy_of,
    )  # fmt: skip


class Model:
    def __init__(self, model: str) -> None:
        self.model = model
        self.asked: list[str] = []
        self.tenants: set[UUID | None] = set()

    async def embed(self, texts: Sequence[str], kind: TextKind, tenant: UUID | None = None) -> Sequence[Vector]:
        assert kind == "document"
        self.asked += texts
        self.tenants.add(tenant)
        return [[float(len(self.model)), float(len(text))] for text in texts]


class World:
    """Store, index and whatever else the handler is given."""

    def __init__(self, batch: EmbedBatch, held: Mapping[UUID, Vector]) -> None:
        self.batch = batch
        self.held = held
        self.models = {name: Model(name) for name in ("one", "other")}
        self.written: dict[tuple[str, UUID], Vector] = {}
        self.embedded: int | None = None

    async def start_embed(self, claim: Claim, model: str) -> EmbedBatch:
        return self.batch

    async def complete_embed(self, claim: Claim, embedded: int, left_out: Place | None) -> None:
        self.embedded = embedded

    async def fetch(self, place: Place, chunks: Sequence[UUID]) -> Mapping[UUID, Vector]:
        return {chunk: self.held[chunk] for chunk in chunks if place == HERE and chunk in self.held}

    async def upsert(self, place: Place, chunks: Sequence[StoredChunk], vectors: Sequence[Vector]) -> None:
        self.written |= {(place.collection, chunk.id): v for chunk, v in zip(chunks, vectors, strict=True)}

    def embedder(self, model: str) -> Embedder:
        return self.models[model]


async def run(world: World) -> None:
    claim = Claim(
        id=1, queue=Queue.EMBED, fence=1, attempt=1, crash_count=0, tenant_id=UUID(int=7), subject_id=UUID(int=1),
        payload={}, trace_id="t", waited_ms=0, deadline_seconds=10,
    )  # fmt: skip
    handler = EmbedHandler(world, world.embedder, world, world, "one")  # type: ignore[arg-type]  # a part of each port
    await handler(claim)


async def test_vectors_of_an_earlier_version_are_copied_and_what_has_none_is_embedded() -> None:
    old, gone = uuid.uuid4(), uuid.uuid4()
    chunks = [stored(0, "same", old), stored(1, "new"), stored(2, "lost", gone)]
    world = World(EmbedBatch(title="T", places=[HERE], chunks=chunks), {old: [9.0, 9.0]})

    await run(world)

    assert world.models["one"].asked == ["T › H\nnew", "T › H\nlost"]
    assert world.models["one"].tenants == {UUID(int=7)}
    assert world.written["shard-1", chunks[0].id] == [9.0, 9.0]
    assert world.written["shard-1", chunks[1].id] == [3.0, 9.0]
    assert world.embedded == 2


async def test_a_library_that_moves_gets_its_vectors_at_both_places() -> None:
    old = uuid.uuid4()
    chunks = [stored(0, "same", old), stored(1, "new")]
    world = World(EmbedBatch(title="T", places=[HERE, THERE], chunks=chunks), {old: [9.0, 9.0]})

    await run(world)

    assert {place for place, _ in world.written} == {"shard-1", "own"}
    assert world.models["one"].asked == ["T › H\nnew"]
    assert len(world.models["other"].asked) == 2  # vectors of another model are no copies
