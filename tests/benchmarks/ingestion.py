"""Documents from upload to ready on real parts: database, gateway, Chroma, listeners as processes, a model server."""

import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.local import chroma, ports, redis, state
from infra.local.environment import EMBEDDING_MODEL
from infra.local.models import package
from tests import serving
from tests.benchmarks import durable, remote_model
from tests.benchmarks.embedder import VOCABULARY
from tests.integration.engine import Engine
from tests.waiting import eventually

UNFINISHED = "select count(*) from public.documents where status not in ('ready', 'failed')"


@dataclass(frozen=True)
class Site:
    """Everything but the listeners."""

    engine: Engine
    environment: Mapping[str, str]
    model: str
    model_url: str
    chroma_url: str

    def upload(self, texts: Sequence[str], user: uuid.UUID | None = None) -> float:
        """Insert documents; seconds until all are ready."""
        owner = user or self.engine.person()
        library = self.engine.library(owner)
        began = time.perf_counter()
        with self.engine.connection.transaction(), self.engine.connection.cursor() as cursor:
            cursor.executemany(
                "insert into public.documents (library_id, owner_id, title, content) values (%s, %s, %s, %s)",
                [(library, owner, f"Report {number}", text) for number, text in enumerate(texts)],
            )
        self.settle()
        return time.perf_counter() - began

    def settle(self, within: float = 1800) -> None:
        """Wait until every document is ready; one that has failed is an error."""
        eventually(self._assert_settled, within)
        failed = self.engine.all("select title, error_message from public.documents where status = 'failed' limit 3")
        assert not failed, failed

    def _assert_settled(self) -> None:
        assert self.engine.one(UNFINISHED) == 0

    def embedded(self) -> int:
        """Texts that the remote model has embedded."""
        return int(httpx.get(f"{self.model_url}/embedded").json())


@contextmanager
def site(*, latency: float | None, per_text: float = 0.0, with_redis: bool = False) -> Iterator[Site]:
    """A project with a remote model of this latency, or (None) with the local model server."""
    with ExitStack() as ends:
        database = ends.enter_context(durable.database())
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="rivulet-bench-")))
        model_url = ends.enter_context(
            serving.models(folder / "models") if latency is None else _remote(latency, per_text)
        )
        chroma_url = ends.enter_context(_chroma(folder / "chroma"))
        model = EMBEDDING_MODEL if latency is None else remote_model.MODEL
        environment = {
            **durable.worker_environment(database, ends.enter_context(durable.gateway(database))),
            "CHROMA_URL": chroma_url,
            "TOGETHER_BASE_URL": model_url,
            "EMBEDDING_MODEL": model,
            "EMBEDDING_TOKENIZER": str(package.model_folder() / "tokenizer.json"),
            "EMBEDDING_TOKENS_PER_MINUTE": "1000000000",
        }
        if with_redis:
            environment["REDIS_URL"] = ends.enter_context(redis_server(folder))
        engine = Engine(database.owner_dsn)
        ends.callback(engine.close)
        yield Site(engine, environment, model, model_url, chroma_url)


@contextmanager
def listeners(site: Site, *queues: str, concurrency: int = 4) -> Iterator[None]:
    """One process for each queue named; they have loaded and connected when the block begins."""
    command = [sys.executable, "-m", "listeners"]
    with ExitStack() as ends:
        for queue in queues:
            process = subprocess.Popen([*command, queue, "--concurrency", str(concurrency)], env=dict(site.environment))
            ends.callback(process.wait)
            ends.callback(process.kill)
        if {"parse", "embed"} <= set(queues):
            site.upload(documents(4 * len(queues), paragraphs=2, seed=time.time_ns()))
        yield


def documents(count: int, *, paragraphs: int, seed: int = 7) -> list[str]:
    """Markdown texts of so many paragraphs of 15 to 150 words, with a heading now and then."""
    chance = random.Random(seed)
    return [_document(chance, paragraphs) for _ in range(count)]


def _document(chance: random.Random, paragraphs: int) -> str:
    parts = []
    for number in range(paragraphs):
        if number % 24 == 0:
            parts.append(f"## {' '.join(chance.choices(VOCABULARY, k=4)).capitalize()}")
        parts.append(" ".join(sentence(chance) for _ in range(chance.randrange(1, 11))))
    return "\n\n".join(parts)


def sentence(chance: random.Random) -> str:
    """Of 15 words and a number, so that no two are the same."""
    return f"{' '.join(chance.choices(VOCABULARY, k=14)).capitalize()} {chance.randrange(10**6)}."


@contextmanager
def _chroma(folder: Path) -> Iterator[str]:
    port = ports.any_free()
    url = f"http://{ports.HOST}:{port}"
    with serving.process(
        chroma.command(folder, port), chroma.environment(), lambda: serving.answers(url + chroma.HEALTH_PATH)
    ):
        yield url


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """The address of a Redis that keeps its files in a folder."""
    port, password = ports.any_free(), state.Secrets().redis_password
    configuration = redis.configure(folder, port, password)
    with serving.process(redis.command(configuration), {}, lambda: serving.listens(port)):
        yield redis.url(port, password)


@contextmanager
def _remote(latency: float, per_text: float) -> Iterator[str]:
    port = ports.any_free()
    url = f"http://{ports.HOST}:{port}"
    command = [sys.executable, "-m", "tests.benchmarks.remote_model", str(port), str(latency), str(per_text)]
    with serving.process(command, {}, lambda: serving.answers(f"{url}/healthz")):
        yield url
