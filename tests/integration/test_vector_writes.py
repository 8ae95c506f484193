"""Writes of vectors that meet: they go together, and nothing of any is missing."""

import asyncio
import math
import uuid

import pytest

from functions.effects.vectors_chroma import ChromaVectors
from schema.documents import StoredChunk
from schema.places import Place, VectorServer

LIBRARY = uuid.uuid4()


@pytest.fixture
def vectors(chroma: str) -> ChromaVectors:
    return ChromaVectors(VectorServer(chroma))


def place() -> Place:
    return Place(collection=f"library-{uuid.uuid4()}", model="m")


def passages(count: int) -> list[StoredChunk]:
    return [
        StoredChunk.model_validate(
            {
                "id": uuid.uuid4(), "document_id": uuid.uuid4(), "library_id": LIBRARY, "version": 1, "ordinal": number,
                "text": "a weir", "tokens": 2, "page": None, "char_start": 0, "char_end": 6, "heading_path": [],
                "content_hash": "h", "anchor": 0, "language": "english",
            }
        )
        for number in range(count)
    ]  # fmt: skip


def direction(number: int) -> list[float]:
    return [math.cos(number / 20), math.sin(number / 20)]


@pytest.mark.anyio
async def test_all_of_many_writes_at_once_is_there(vectors: ChromaVectors) -> None:
    places = [place(), place()]
    batches = [(places[number % 2], passages(5)) for number in range(20)]

    await asyncio.gather(
        *(vectors.upsert(to, chunks, [direction(number)] * 5) for number, (to, chunks) in enumerate(batches))
    )

    for number, (at, chunks) in enumerate(batches):
        found = await vectors.fetch(at, [chunk.id for chunk in chunks])
        for chunk in chunks:
            assert list(found[chunk.id]) == pytest.approx(direction(number), abs=1e-5)


@pytest.mark.anyio
async def test_two_attempts_at_one_job_do_not_hinder_others(vectors: ChromaVectors) -> None:
    at, same, other = place(), passages(3), passages(1)

    await asyncio.gather(
        vectors.upsert(at, passages(1), [[0.0, 1.0]]),
        vectors.upsert(at, same, [[1.0, 0.0]] * 3),
        vectors.upsert(at, other, [[1.0, 1.0]]),
        vectors.upsert(at, same, [[1.0, 0.0]] * 3),
    )

    assert len(await vectors.fetch(at, [chunk.id for chunk in same + other])) == 4


@pytest.mark.anyio
async def test_an_interrupted_write_is_done_all_the_same(vectors: ChromaVectors) -> None:
    at, chunks = place(), passages(2)
    writes = [asyncio.create_task(vectors.upsert(at, [chunk], [[1.0, 0.0]])) for chunk in chunks]
    await asyncio.sleep(0)
    writes[1].cancel()
    await asyncio.wait(writes)

    assert writes[1].cancelled()
    assert len(await vectors.fetch(at, [chunk.id for chunk in chunks])) == 2
