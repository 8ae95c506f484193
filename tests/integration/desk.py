"""Does jobs in the test's own process, on real stores and a real index, with an embedder that knows words alone."""

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import numpy as np

from functions.dispatch import Dispatcher, Handler
from functions.effects.audit_supabase import SupabaseAudit
from functions.effects.documents_supabase import SupabaseDocuments
from functions.effects.files_supabase import SupabaseFiles
from functions.effects.jobs_supabase import SupabaseJobs
from functions.effects.moves_supabase import SupabaseMoves
from functions.effects.purges_supabase import SupabaseLateWrites, SupabasePurges
from functions.effects.supabase import Supabase
from functions.effects.upkeep_chroma import ChromaUpkeep
from functions.handlers.embed import EmbedHandler
from functions.handlers.move import MoveHandler
from functions.handlers.purge import PurgeHandler
from functions.handlers.upkeep.audit import Audit
from functions.handlers.upkeep.compare import Comparison, Findings
from schema.documents import StoredChunk
from schema.jobs import Claim, Outcome, Queue
from schema.places import Place
from schema.ports import TextKind, Vector
from schema.settings import Settings
from tests.conftest import Gateway
from tests.integration.engine import Engine

SMALL, LARGE, BLIND = "words-64", "words-96", "blind-32"  # kinds of models, with the length of their vectors


class Words:
    """Texts that share words are near each other; a blind model has no idea."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.asked = 0
        self._size = int(model.rsplit("-", 1)[1])

    async def embed(self, texts: Sequence[str], kind: TextKind, tenant: uuid.UUID | None = None) -> Sequence[Vector]:
        self.asked += len(texts)
        if "blind" in self.model:
            return [self._direction(f"{kind} {text}") for text in texts]
        return [sum(self._direction(word) for word in text.lower().split()) for text in texts]

    def _direction(self, word: str) -> Any:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
        return np.random.default_rng(seed).standard_normal(self._size)


class Index(ChromaUpkeep):
    """Lets a test step in just before a write."""

    before_write: Callable[[], Awaitable[None]] | None = None

    async def upsert(self, place: Place, chunks: Sequence[StoredChunk], vectors: Sequence[Vector]) -> None:
        step, self.before_write = self.before_write, None
        if step is not None:
            await step()
        await super().upsert(place, chunks, vectors)


def new_mark(engine: Engine) -> None:
    """Tests' databases are copies of one, and share a Chroma server."""
    engine.all("update rivulet.project set mark = %s", f"p{uuid.uuid4().hex}")


class Desk:
    """Claims jobs and does them, one after the other."""

    def __init__(self, gateway: Gateway, chroma: str, engine: Engine) -> None:
        self.engine = engine
        self.chroma = chroma
        new_mark(engine)
        self._runner = asyncio.Runner()
        settings = Settings.from_env(
            {
                "SUPABASE_URL": gateway.url,
                "SUPABASE_SECRET_KEY": gateway.database.secret_key,
                "CHROMA_URL": chroma,
                "TOGETHER_BASE_URL": "http://127.0.0.1:1",
            }
        )
        self._runner.run(self._furnish(settings))

    async def _furnish(self, settings: Settings) -> None:
        self.supabase = Supabase(settings)
        self.index = Index(settings.vectors)
        self.embedders = {model: Words(model) for model in (SMALL, LARGE, BLIND)}
        self._jobs = SupabaseJobs(self.supabase)
        late, audit = SupabaseLateWrites(self.supabase), SupabaseAudit(self.supabase)
        self.handlers: dict[Queue, Handler] = {
            Queue.EMBED: EmbedHandler(
                SupabaseDocuments(self.supabase), self.embedders.__getitem__, self.index, late, SMALL
            ),
            Queue.PURGE: PurgeHandler(SupabasePurges(self.supabase), SupabaseFiles(self.supabase), self.index),
            Queue.MOVE: MoveHandler(SupabaseMoves(self.supabase), audit, self.embedders.__getitem__, self.index, late),
        }
        self._audit = Audit(Comparison(audit, self.index))

    def close(self) -> None:
        self._runner.run(self.supabase.close())
        self._runner.close()

    def work(self, *queues: str) -> list[Outcome]:
        """Do everything that can be done now, and what that leads to; how each job ended."""
        return self._runner.run(self.at_work(*queues))

    async def at_work(self, *queues: str) -> list[Outcome]:
        """As `work`, for a step inside a job."""
        outcomes: list[Outcome] = []
        while done := [outcome for queue in queues for outcome in await self._some(Queue(queue))]:
            outcomes += done
        return outcomes

    async def _some(self, queue: Queue) -> list[Outcome]:
        batch = await self._jobs.claim(queue, "desk", 1, uuid.uuid4())
        return [await self.do(claim) for claim in batch.jobs]

    async def do(self, claim: Claim) -> Outcome:
        return await Dispatcher(self._jobs, self.handlers).run(claim)

    def hurry(self) -> None:
        """Nothing waits for its time any more."""
        self.engine.all("update rivulet.jobs set run_at = clock_timestamp() where state = 'delayed'")

    def finish(self, *queues: str) -> None:
        """Do everything, also what was put off."""
        for _ in range(20):
            self.hurry()
            if not self.work(*queues):
                return
        raise AssertionError("there is no end of jobs")

    def audit(self, repair: bool = False) -> Findings:
        return self._runner.run(self._look(repair))

    async def _look(self, repair: bool) -> Findings:
        findings = await self._audit.look()
        if repair:
            await self._mend(findings)
        return findings

    def repair(self, findings: Findings) -> None:
        self._runner.run(self._mend(findings))

    async def _mend(self, findings: Findings) -> None:
        working = asyncio.create_task(self._keep_working())
        assert await self._audit.repair(findings)
        working.cancel()

    async def _keep_working(self) -> None:
        while True:
            await self.at_work("move", "purge")
            await asyncio.sleep(0.05)

    def add(self, user: uuid.UUID, texts: list[str]) -> uuid.UUID:
        """A document of these passages, searchable by meaning too."""
        document = self.engine.document(user, content="\n".join(texts))
        self.engine.parse(texts)
        self.finish("embed", "purge")
        assert self.engine.status(document) == "ready"
        return document

    def change(self, document: uuid.UUID, texts: list[str]) -> None:
        """Another version, parsed but not embedded."""
        self.engine.all("update public.documents set content = %s where id = %s", "\n".join(texts), document)
        self.engine.parse(texts)

    def place(self, library: uuid.UUID) -> Place:
        [(collection, model)] = self.engine.all(
            "select collection, model from rivulet.placements where library_id = %s", library
        )
        return Place(collection=collection, model=model)

    def count(self, place: Place, **where: str) -> int:
        """How many vectors of a library or document there are in a place, as Chroma says."""
        base = f"{self.chroma}/api/v2/tenants/default_tenant/databases/default_database/collections"
        found = httpx.get(f"{base}/{place.physical}")
        if found.status_code == httpx.codes.NOT_FOUND:
            return 0
        reply = httpx.post(f"{base}/{found.json()['id']}/get", json={"where": where or None, "include": []})
        return len(reply.raise_for_status().json()["ids"])

    def run(self, work: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await work

        return self._runner.run(awaited())
