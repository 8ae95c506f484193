"""The vectors of a project, as Parquet: Chroma is filled from them again without asking a model."""

import io
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from psycopg.rows import dict_row

from functions.effects.chroma import Chroma
from infra.cli.backup.store import Store
from schema.places import Place, VectorServer, vector_id

AT_ONCE = 1000  # vectors in one request
IN_A_FILE = 20_000
TOLERANCE = 1e-6
LABELS = ("document_id", "library_id", "version")  # what each vector says of itself, see `ChromaVectors`

_PASSAGES = """
    select c.id as chunk_id, c.document_id, c.library_id, c.version, p.collection, p.model,
           c.version = d.active_version as found
    from public.chunks c join public.documents d on d.id = c.document_id
    join rivulet.placements p on p.library_id = c.library_id
    where p.model is not null order by p.collection, p.model, c.library_id, c.id
"""


async def save(connection: psycopg.Connection, server: VectorServer, store: Store, folder: str) -> dict[str, Any]:
    """Write the vectors of all passages of the snapshot; how many, and how many that searches should find had none.

    Passages that are still being embedded are no such: their jobs are in the backup, too.
    """
    chroma, written, missing, files = Chroma(server), 0, 0, 0
    async for place, rows, vectors in _found(connection, chroma):
        missing += sum(row["found"] is True and str(row["chunk_id"]) not in vectors for row in rows)
        kept = [(row, vectors[str(row["chunk_id"])]) for row in rows if str(row["chunk_id"]) in vectors]
        for start in range(0, len(kept), IN_A_FILE):
            with store.writing(file_of(folder, files)) as file:
                file.write(_packed(place, kept[start : start + IN_A_FILE]))
            files += 1
        written += len(kept)
    return {"vectors": written, "missing": missing, "files": files}


async def load(server: VectorServer, store: Store, folder: str, files: int) -> int:
    """Put all vectors back; how many."""
    chroma, count = Chroma(server), 0
    for place, table in _tables(store, folder, files):
        for batch in table.to_batches(AT_ONCE):
            await _put(chroma, place, batch)
            count += batch.num_rows
    return count


async def agree(connection: psycopg.Connection, server: VectorServer, store: Store, folder: str, files: int) -> bool:
    """Whether Chroma holds, for every passage, the vector that the backup has, and the backup none besides.

    Chroma makes vectors of length one of those that it is given, so the last bits may differ.
    """
    kept = dict(_unpacked(store, folder, files))
    async for place, rows, vectors in _found(connection, Chroma(server)):
        for row in rows:
            was, now = kept.pop((place.physical, str(row["chunk_id"])), None), vectors.get(str(row["chunk_id"]))
            if was is None or now is None:
                if was is not now:
                    return False
            elif not np.allclose(was, now, rtol=0.0, atol=TOLERANCE):
                return False
    return not kept


def file_of(folder: str, number: int) -> str:
    """Where a part of the vectors is."""
    return f"{folder}/vectors/{number:06}.parquet"


async def any_left(server: VectorServer, store: Store, folder: str, files: int) -> bool:
    """Whether a collection is there from which a backup has vectors."""
    chroma = Chroma(server)
    for name in {place.physical for place, _ in _tables(store, folder, files)}:
        async with chroma.found(name) as collection:
            if collection is not None:
                return True
    return False


async def drop(connection: psycopg.Connection, server: VectorServer) -> None:
    """Delete the collections that hold the project's vectors."""
    chroma = Chroma(server)
    places = "select distinct collection, model from rivulet.placements where model is not null"
    for collection, model in connection.execute(places).fetchall():
        await chroma.drop(Place(collection=collection, model=model).physical)


async def _found(
    connection: psycopg.Connection, chroma: Chroma
) -> AsyncIterator[tuple[Place, Sequence[dict[str, Any]], dict[str, Any]]]:
    """Passages of one place, some at a time, and the vectors that they have there, by the passages' ids."""
    for place, rows in _grouped(connection):
        vectors: dict[str, Any] = {}
        for start in range(0, len(rows), AT_ONCE):
            asked = {vector_id(row["chunk_id"]): row["chunk_id"] for row in rows[start : start + AT_ONCE]}
            async with chroma.opened(place) as collection:
                found = await collection.get(ids=list(asked), include=["embeddings"])
            embeddings = found["embeddings"] if found["embeddings"] is not None else []
            for name, vector in zip(found["ids"], embeddings, strict=True):
                vectors[str(asked[name])] = np.asarray(vector, dtype=np.float32)
        yield place, rows, vectors


def _grouped(connection: psycopg.Connection) -> Iterator[tuple[Place, list[dict[str, Any]]]]:
    held: list[dict[str, Any]] = []
    place: Place | None = None
    with connection.cursor("passages", row_factory=dict_row) as passages:
        passages.itersize = AT_ONCE
        for row in passages.execute(_PASSAGES):
            here = Place(collection=row["collection"], model=row["model"])
            if place is not None and (here != place or len(held) >= IN_A_FILE):
                yield place, held
                held = []
            place = here
            held.append(row)
    if place is not None and held:
        yield place, held


def _tables(store: Store, folder: str, files: int) -> Iterator[tuple[Place, pa.Table]]:
    for number in range(files):
        with store.reading(file_of(folder, number)) as file:
            table = pq.read_table(io.BytesIO(file.read()))
        told = table.schema.metadata
        yield Place(collection=told[b"collection"].decode(), model=told[b"model"].decode()), table


def _unpacked(store: Store, folder: str, files: int) -> Iterator[tuple[tuple[str, str], Any]]:
    for place, table in _tables(store, folder, files):
        for row in table.select(["chunk_id", "vector"]).to_pylist():
            yield (place.physical, row["chunk_id"]), np.asarray(row["vector"], dtype=np.float32)


def _packed(place: Place, kept: Sequence[tuple[dict[str, Any], Any]]) -> bytes:
    columns: dict[str, Any] = {
        name: [row[name] if name == "version" else str(row[name]) for row, _ in kept] for name in ("chunk_id", *LABELS)
    }
    columns["vector"] = pa.array([vector for _, vector in kept], type=pa.list_(pa.float32()))
    named = {"collection": place.collection, "model": place.model}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(named), buffer, compression="zstd")
    return buffer.getvalue()


async def _put(chroma: Chroma, place: Place, batch: pa.RecordBatch) -> None:
    async with chroma.opened(place) as collection:
        await collection.upsert(
            ids=[vector_id(UUID(chunk)) for chunk in batch.column("chunk_id").to_pylist()],
            embeddings=np.asarray(batch.column("vector").to_pylist(), dtype=np.float32),
            metadatas=batch.select(list(LABELS)).to_pylist(),
        )
