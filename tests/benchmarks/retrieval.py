"""How long a search takes, by the size of the library: `python -m tests.benchmarks.retrieval [--most N] [--json]`.

Libraries of 1,000 passages and ten times as many, up to N (100,000 unless told): both arms, fusion, the visibility
rule, the choice for a prompt, through a gateway and a Chroma server of their own; embedding the question is left out.
The texts are made of words as common and as rare as in natural language. Beside it: `retrieval_tenants` for many small
libraries, `retrieval_contenders` for other frameworks.
"""

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import chromadb
import numpy as np
import psycopg
import uvloop
from chromadb.config import Settings as ChromaSettings
from pydantic import SecretStr

from functions import compose
from functions.effects.search_chroma import ChromaSearch
from functions.effects.search_supabase import SupabaseSearch
from functions.effects.supabase import Supabase
from functions.handlers.retrieval.retrieve import Retriever
from infra.local import chroma, ports
from schema.places import Place, vector_id
from schema.ports import TextKind, Vector
from schema.settings import Settings
from tests import databases, serving
from tests.benchmarks import durable, figures

MODEL = "benchmark"
DIMENSIONS = 384
WORDS_A_PASSAGE = 140
WORDS_A_QUESTION = 8
PASSAGES_A_DOCUMENT = 20
BATCH = 500
SEARCHES = 200
VOCABULARY = 60_000


class Language:
    """Words whose frequencies follow Zipf's law."""

    def __init__(self) -> None:
        self._numbers = np.random.default_rng(5)
        weights = 1 / np.arange(2, VOCABULARY + 2)
        self._cumulative = np.cumsum(weights / weights.sum())

    def words(self, count: int) -> list[str]:
        """So many words."""
        return [f"w{n}" for n in np.searchsorted(self._cumulative, self._numbers.random(count))]

    def passage(self) -> str:
        """A passage."""
        return " ".join(self.words(WORDS_A_PASSAGE))

    def question(self, passage: str) -> str:
        """A question about a passage: some of its words, and some others."""
        return " ".join(random.sample(passage.split(), WORDS_A_QUESTION - 2) + self.words(2))


class FixedEmbedder:
    """An embedder that costs nothing: what is measured is the search."""

    model = MODEL

    def __init__(self) -> None:
        self._numbers = np.random.default_rng(6)

    async def embed(self, texts: Sequence[str], _kind: TextKind, _tenant: UUID | None = None) -> Sequence[Vector]:
        """A direction by chance for each text."""
        return [self._numbers.normal(size=DIMENSIONS).tolist() for _ in texts]


class Shelf:
    """A database and a vector server that libraries are put into directly, as ingestion would leave them."""

    def __init__(self, database: databases.Database, chroma_port: int) -> None:
        self._rows = psycopg.connect(database.admin_dsn, autocommit=True)
        self._vectors = chromadb.HttpClient(
            host=ports.HOST, port=chroma_port, settings=ChromaSettings(anonymized_telemetry=False)
        )
        self._language = Language()
        self._numbers = np.random.default_rng(7)
        self.owner = uuid4()
        self._rows.execute("insert into auth.users (id, email) values (%s, 'owner@example.com')", [self.owner])

    def library(self, passages: int) -> tuple[UUID, list[str]]:
        """A library of so many passages, and questions about some of them."""
        library, collection = uuid4(), f"own-{passages}"
        self._rows.execute(
            "insert into public.libraries (id, name, owner_id) values (%s, 'l', %s)", [library, self.owner]
        )
        self._rows.execute(
            "update rivulet.placements set collection = %s, model = %s where library_id = %s",
            [collection, MODEL, library],
        )
        target = self._vectors.create_collection(
            Place(collection=collection, model=MODEL).physical,
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine"}},
        )
        questions: list[str] = []
        for start in range(0, passages, BATCH):
            texts = [self._language.passage() for _ in range(min(BATCH, passages - start))]
            ids = self._insert(library, texts)
            questions.append(self._language.question(texts[0]))
            target.add(
                ids=[vector_id(chunk) for chunk in ids],
                embeddings=self._numbers.normal(size=(len(ids), DIMENSIONS)).astype(np.float32),
                metadatas=[{"library_id": str(library)} for _ in ids],
            )
        self._rows.execute("vacuum analyze public.chunks, public.documents, rivulet.postings, rivulet.frequencies")
        return library, [random.choice(questions) for _ in range(SEARCHES)]

    def _insert(self, library: UUID, texts: Sequence[str]) -> list[UUID]:
        documents = [uuid4() for _ in range(0, len(texts), PASSAGES_A_DOCUMENT)]
        ids = [uuid4() for _ in texts]
        with self._rows.transaction():
            self._rows.execute("set local session_replication_role = replica")  # no work for listeners
            self._rows.execute(
                "insert into public.documents (id, library_id, owner_id, title, content, content_hash, status,"
                " active_version) select d, %s, %s, 'Notes', 'x', 'x', 'ready', 1 from unnest(%s::uuid[]) d",
                [library, self.owner, documents],
            )
        self._rows.execute(
            "insert into public.chunks (id, document_id, library_id, version, ordinal, text, tokens, char_start,"
            " char_end, content_hash, anchor, language) select id, d, %s, 1, n, t, 180, 0, 1, 'x', 0, 'simple'"
            " from unnest(%s::uuid[], %s::uuid[], %s::integer[], %s::text[]) as x (id, d, n, t)",
            [
                library,
                ids,
                [documents[n // PASSAGES_A_DOCUMENT] for n in range(len(ids))],
                [n % PASSAGES_A_DOCUMENT for n in range(len(ids))],
                list(texts),
            ],
        )
        return ids


def main() -> None:
    """Fill, search and show."""
    parser = figures.parser(__doc__)
    parser.add_argument("--most", type=int, default=100_000, help="passages of the largest library")
    given = parser.parse_args()
    sizes = [size for size in (1_000, 10_000, 100_000) if size <= given.most]
    with (
        durable.database({"synchronous_commit": "off"}) as database,
        durable.gateway(database) as url,
        served() as port,
    ):
        shelf = Shelf(database, port)
        settings = Settings(
            supabase_url=url,
            supabase_secret_key=SecretStr(database.secret_key),
            chroma_url=f"http://{ports.HOST}:{port}",
            together_api_key=SecretStr("none"),
        )
        found: dict[str, figures.Figure] = {}
        for size in sizes:
            figures.say(f"a library of {size} passages")
            library, questions = shelf.library(size)
            found |= uvloop.run(search(settings, shelf.owner, library, questions, size))
    figures.show(found, {f"{sizes[-1]}_p95_ms": "≤ 40"}, given.json)


@contextmanager
def served() -> Iterator[int]:
    """The port of a Chroma server."""
    with tempfile.TemporaryDirectory(prefix="rivulet-retrieval-") as folder:
        port = ports.any_free()
        url = f"http://{ports.HOST}:{port}{chroma.HEALTH_PATH}"
        with serving.process(chroma.command(Path(folder), port), chroma.environment(), lambda: serving.answers(url)):
            yield port


async def search(
    settings: Settings, user: UUID, library: UUID, questions: Sequence[str], size: int
) -> dict[str, figures.Figure]:
    """Search for each question, one after the other."""
    supabase, embedder, index = Supabase(settings), FixedEmbedder(), ChromaSearch(settings.vectors)
    supabase.closes(index.close)
    retriever = compose.load(
        lambda _, supabase: Retriever(SupabaseSearch(supabase), lambda _: embedder, index), settings, supabase
    )
    took, lexical, dense = [], [], []
    for question in [*questions[:20], *questions]:
        started = time.perf_counter()
        found = await retriever.retrieve(user, question, library)
        took.append((time.perf_counter() - started) * 1000)
        lexical.append(float(found.timings["lexical"]))
        dense.append(float(found.timings["dense"]))
        if found.notes or not found.passages:
            raise RuntimeError(f"a search failed: {found.notes}")
    await supabase.close()
    return {
        f"{size}_p50_ms": figures.middle(took[20:]),
        f"{size}_p95_ms": figures.p95(took[20:]),
        f"{size}_lexical_p50_ms": figures.middle(lexical[20:]),
        f"{size}_dense_p50_ms": figures.middle(dense[20:]),
    }


if __name__ == "__main__":
    main()
