"""Many small libraries on one Chroma server: `python -m tests.benchmarks.retrieval_tenants [--libraries N] [--json]`.

Each library has 50 passages; they share the 64 collections that placements give small libraries. Vectors are random
directions around one centre for each library, as passages about one thing are. Measured: the server's memory, and how
long one search in one library takes, each in a library that is chosen anew.
"""

import asyncio
import random
import tempfile
import time
from pathlib import Path
from uuid import UUID, uuid4

import chromadb
import numpy as np
import psutil
from chromadb.config import Settings as ChromaSettings

from functions.effects.search_chroma import ChromaSearch
from infra.local import chroma, ports
from schema.answers import Placement
from schema.places import Place, VectorServer
from tests import serving
from tests.benchmarks import figures

PASSAGES = 50
SHARDS = 64
DIMENSIONS = 384
MODEL = "benchmark"
BATCH_LIBRARIES = 40  # in one request
SEARCHES = 300
LIMIT = 200
AIMS = {"memory_mb": "≤ 1500", "search_p95_ms": "≤ 60"}


def main() -> None:
    """Fill a server, search, and show the figures."""
    parser = figures.parser(__doc__)
    parser.add_argument("--libraries", type=int, default=10_000, help="how many libraries there are")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rivulet-tenants-") as folder:
        port = ports.any_free()
        url = f"http://{ports.HOST}:{port}"
        command = chroma.command(Path(folder), port)
        with serving.process(
            command, chroma.environment(), lambda: serving.answers(url + chroma.HEALTH_PATH)
        ) as server:
            started = time.monotonic()
            libraries = fill(port, given.libraries)
            filled = time.monotonic() - started
            took = asyncio.run(search(url, libraries))
            memory = psutil.Process(server.pid).memory_info().rss / 1e6
    figures.show(
        {
            "libraries": given.libraries,
            "passages": given.libraries * PASSAGES,
            "fill_seconds": filled,
            "memory_mb": memory,
            "search_p50_ms": figures.middle(took),
            "search_p95_ms": figures.p95(took),
        },
        AIMS,
        given.json,
    )


def fill(port: int, count: int) -> list[UUID]:
    """Put the vectors of `count` libraries, shard by shard."""
    client = chromadb.HttpClient(host=ports.HOST, port=port, settings=ChromaSettings(anonymized_telemetry=False))
    numbers = np.random.default_rng(1)
    libraries = [uuid4() for _ in range(count)]
    for shard in range(SHARDS):
        name = Place(collection=f"shard-{shard}", model=MODEL).physical
        collection = client.create_collection(
            name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        here = libraries[shard::SHARDS]
        for start in range(0, len(here), BATCH_LIBRARIES):
            batch = here[start : start + BATCH_LIBRARIES]
            centres = np.repeat(numbers.normal(size=(len(batch), DIMENSIONS)), PASSAGES, axis=0)
            collection.add(
                ids=[str(uuid4()) for _ in centres],
                embeddings=(centres + numbers.normal(size=centres.shape)).astype(np.float32),
                metadatas=[
                    {"library_id": str(library), "document_id": str(uuid4()), "version": 1}
                    for library in batch
                    for _ in range(PASSAGES)
                ],
            )
        figures.say(f"{shard + 1} of {SHARDS} collections")
    return libraries


async def search(url: str, libraries: list[UUID]) -> list[float]:
    """Milliseconds of searches, each in one library."""
    index = ChromaSearch(VectorServer(url))
    numbers = np.random.default_rng(2)
    took = []
    for library in random.Random(3).choices(range(len(libraries)), k=SEARCHES):
        place = Placement(library_id=libraries[library], collection=f"shard-{library % SHARDS}", model=MODEL)
        vector = numbers.normal(size=DIMENSIONS)
        started = time.perf_counter()
        found = await index.query([place], vector.tolist(), MODEL, LIMIT)
        took.append((time.perf_counter() - started) * 1000)
        if len(found) != PASSAGES:
            raise RuntimeError(f"{len(found)} of {PASSAGES} passages of a library were found.")
    await index.close()
    return took


if __name__ == "__main__":
    main()
