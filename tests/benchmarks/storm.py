"""Whether anything is left behind: `python -m tests.benchmarks.storm [--events N] [--json]`.

Uploads, edits and deletions of files, rows and a library come in from several writers while listeners are killed and
a library moves to another collection. Meanwhile it is measured how long a deleted document can still be found. When
all is quiet, the audit compares Postgres with Chroma.
"""

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import httpx
import psycopg

from functions import compose
from functions.effects.audit_supabase import SupabaseAudit
from functions.effects.supabase import Supabase
from functions.effects.upkeep_chroma import ChromaUpkeep
from functions.handlers.upkeep.audit import Audit
from functions.handlers.upkeep.compare import Comparison, Findings
from infra.local import chroma, ports
from schema.places import VectorServer
from schema.settings import Settings
from tests import databases, serving
from tests.benchmarks import durable, figures
from tests.benchmarks.figures import Figure, p95, say
from tests.waiting import eventually

MODEL = "rivulet/all-minilm-l6-v2-int8"
QUEUES = ("parse", "embed", "purge", "move")
PEOPLE, WRITERS, LISTENERS = 4, 4, 2
QUIET_SECONDS = 600.0
LOOK_SECONDS = 0.2
WORDS = ("weir", "mill", "bridge", "ferry", "harbour", "sluice", "dam", "lock", "canal", "spring", "tower", "gate")
LEFT = "select count(*) from rivulet.jobs"
EXPIRE = """
update rivulet.jobs set lease_until = clock_timestamp() - interval '1 s' where state = 'running' and worker_id like %s
"""


@dataclass(frozen=True)
class Site:
    """Where the storm takes place."""

    database: databases.Database
    url: str
    chroma: str
    models: str

    @property
    def environment(self) -> dict[str, str]:
        """What a listener is told."""
        return {
            "SUPABASE_URL": self.url,
            "SUPABASE_SECRET_KEY": self.database.secret_key,
            "CHROMA_URL": self.chroma,
            "TOGETHER_BASE_URL": self.models,
            "EMBEDDING_MODEL": MODEL,
            "LOG_LEVEL": "ERROR",
        }


@dataclass
class Crew:
    """Listeners, one of which is killed now and then."""

    site: Site
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    killed: int = 0

    def start(self) -> None:
        """Start another listener."""
        command = [sys.executable, "-m", "listeners", *QUEUES, "--concurrency", "3"]
        environment = {**os.environ, **self.site.environment}
        self.running.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))

    def kill(self, connection: psycopg.Connection) -> None:
        """As a power cut does; its leases seem to end at once."""
        victim = self.running.pop(0)
        victim.kill()
        victim.wait()
        self.killed += 1
        connection.execute(EXPIRE, [f"%:{victim.pid}:%"])
        connection.execute("select public.sweep_jobs_v1()")
        self.start()

    def end(self) -> None:
        """Kill all."""
        for listener in self.running:
            listener.kill()
            listener.wait()


class Writer:
    """One source of events, with its own connections and files that nobody else touches."""

    def __init__(self, site: Site, libraries: list[uuid.UUID], seed: int) -> None:
        self._random = random.Random(seed)
        self._libraries = libraries
        self._connection = psycopg.connect(site.database.owner_dsn, autocommit=True)
        key = site.database.secret_key
        self._http = httpx.Client(
            base_url=f"{site.url}/storage/v1/object/documents/",
            headers={"apikey": key, "Authorization": f"Bearer {key}", "x-upsert": "true"},
            timeout=60.0,
        )
        self._files: list[str] = []
        self._rows: list[uuid.UUID] = []
        self.counts: Counter[str] = Counter()

    def put(self, events: int) -> None:
        """Let events happen."""
        for _ in range(events):
            kind = self._random.choices(("upload", "edit", "delete", "insert", "remove"), (45, 20, 15, 12, 8))[0]
            self.counts[kind] += bool(getattr(self, f"_{kind}")())
        self._connection.close()
        self._http.close()

    def _upload(self) -> bool:
        name = f"{self._random.choice(self._libraries)}/{uuid.uuid4()}.txt"
        self._http.post(name, content=self._text()).raise_for_status()
        self._files.append(name)
        return True

    def _edit(self) -> bool:
        if self._files:
            self._http.post(self._random.choice(self._files), content=self._text()).raise_for_status()
        return bool(self._files)

    def _delete(self) -> bool:
        if self._files:
            self._http.delete(self._files.pop(self._random.randrange(len(self._files)))).raise_for_status()
        return bool(self._files)

    def _insert(self) -> bool:
        [[document]] = self._connection.execute(
            "insert into public.documents (library_id, title, content) values (%s, 'Notes', %s) returning id",
            [self._random.choice(self._libraries), self._text()],
        ).fetchall()
        self._rows.append(document)
        return True

    def _remove(self) -> bool:
        if self._rows:
            document = self._rows.pop(self._random.randrange(len(self._rows)))
            self._connection.execute("delete from public.documents where id = %s", [document])
        return bool(self._rows)

    def _text(self) -> str:
        choice = self._random.choice
        sentences = (
            f"The {choice(WORDS)} of {uuid.uuid4().hex[:8]} was built in {self._random.randint(1500, 1999)}."
            for _ in range(self._random.randint(2, 12))
        )
        return " ".join(sentences)


class Seeker:
    """Deletes documents that can be found, and looks how long they still are."""

    def __init__(self, site: Site, person: uuid.UUID, library: uuid.UUID) -> None:
        self._site = site
        self._person = person
        self._library = library
        self.milliseconds: list[float] = []

    def seek(self, times: int) -> None:
        """Measure; each document is asked for by a word that no other has."""
        asyncio.run(self._seek(times))

    async def _seek(self, times: int) -> None:
        settings = Settings.from_env(self._site.environment)
        supabase = Supabase(settings)
        retriever = compose.retriever(settings, supabase)
        with psycopg.connect(self._site.database.owner_dsn, autocommit=True) as connection:
            for _ in range(times):
                word = f"quay{uuid.uuid4().hex}"
                [[document]] = connection.execute(
                    "insert into public.documents (library_id, title, content) values (%s, 'Sought', %s) returning id",
                    [self._library, f"The {word} was built by nobody."],
                ).fetchall()

                async def is_found(word: str = word, document: uuid.UUID = document) -> bool:
                    found = await retriever.retrieve(self._person, word, self._library)
                    return any(passage.document_id == document for passage in found.passages)

                while not await is_found():
                    await asyncio.to_thread(time.sleep, LOOK_SECONDS)
                began = time.perf_counter()
                connection.execute("delete from public.documents where id = %s", [document])
                while await is_found():
                    pass
                self.milliseconds.append((time.perf_counter() - began) * 1000)
        await supabase.close()


def run(site: Site, events: int, kills: int, searches: int, seed: int = 1) -> Mapping[str, Figure]:
    """The storm, the silence after it, and what the audit finds."""
    asyncio.run(_audit(site, repair=True))  # what is in the index of others
    with psycopg.connect(site.database.owner_dsn, autocommit=True) as connection:
        people = [_person(connection) for _ in range(PEOPLE)]
        doomed = _library(connection, people[0])
        crew = Crew(site)
        for _ in range(LISTENERS):
            crew.start()
        try:
            started = time.monotonic()
            writers, seeker = _let_it_rain(site, connection, crew, people, doomed, events, kills, searches, seed)
            seconds = time.monotonic() - started
            say("waiting for silence ...")
            eventually(lambda: _assert_quiet(connection), within=QUIET_SECONDS)
            settled = time.monotonic() - started
        finally:
            crew.end()
        found = asyncio.run(_audit(site, repair=False))
        counts = sum((writer.counts for writer in writers), Counter[str]())
        return _figures(connection, found) | {
            **{f"events_{kind}": count for kind, count in sorted(counts.items())},
            "kills": crew.killed,
            "events_per_s": events / seconds,
            "settled_s": settled,
            "gone_p50_ms": median(seeker.milliseconds) if seeker.milliseconds else None,
            "gone_p95_ms": p95(seeker.milliseconds) if len(seeker.milliseconds) > 1 else None,
        }


def _let_it_rain(
    site: Site,
    connection: psycopg.Connection,
    crew: Crew,
    people: list[tuple[uuid.UUID, uuid.UUID]],
    doomed: uuid.UUID,
    events: int,
    kills: int,
    searches: int,
    seed: int,
) -> tuple[list[Writer], Seeker]:
    libraries = [library for _, library in people]
    writers = [Writer(site, libraries, seed + number) for number in range(WRITERS)]
    seeker = Seeker(site, *people[0])
    threads = [threading.Thread(target=writer.put, args=[events // WRITERS]) for writer in writers]
    threads.append(threading.Thread(target=Writer(site, [doomed], seed).put, args=[max(events // 100, 4)]))
    threads.append(threading.Thread(target=seeker.seek, args=[searches]))
    for thread in threads:
        thread.start()
    for number in range(kills):
        eventually(partial(_assert_under_way, connection, events, number / kills), within=QUIET_SECONDS)
        crew.kill(connection)
        if number == kills // 2:
            moved = libraries[1]
            connection.execute("select public.move_library_v1(%s, true)", [moved])
    for thread in threads:
        thread.join()
    connection.execute("delete from public.libraries where id = %s", [doomed])
    return writers, seeker


def _assert_under_way(connection: psycopg.Connection, events: int, share: float) -> None:
    [[done]] = connection.execute("select count(*) from rivulet.job_history where queue = 'parse'").fetchall()
    assert done >= events * share * 0.5


def _assert_quiet(connection: psycopg.Connection) -> None:
    connection.execute("update rivulet.jobs set run_at = clock_timestamp() where state = 'delayed'")
    [[left]] = connection.execute(LEFT).fetchall()
    assert not left, f"{left} jobs are unfinished"


def _person(connection: psycopg.Connection) -> tuple[uuid.UUID, uuid.UUID]:
    user = uuid.uuid4()
    connection.execute(
        "insert into auth.users (id, email, aud, role) values (%s, %s, 'authenticated', 'authenticated')",
        [user, f"{user}@example.com"],
    )
    [[library]] = connection.execute("select id from public.libraries where owner_id = %s", [user]).fetchall()
    return user, library


def _library(connection: psycopg.Connection, person: tuple[uuid.UUID, uuid.UUID]) -> uuid.UUID:
    [[library]] = connection.execute(
        "insert into public.libraries (name, owner_id) values ('Doomed', %s) returning id", [person[0]]
    ).fetchall()
    made: uuid.UUID = library
    return made


async def _audit(site: Site, repair: bool) -> Findings:
    settings = Settings.from_env(site.environment)
    supabase = Supabase(settings)
    audit = Audit(Comparison(SupabaseAudit(supabase), ChromaUpkeep(VectorServer(site.chroma))))
    try:
        found = await audit.look()
        if repair:
            await audit.repair(found)
        return found
    finally:
        await supabase.close()


def _figures(connection: psycopg.Connection, found: Findings) -> dict[str, Figure]:
    def one(statement: str) -> int:
        [[value]] = connection.execute(statement.encode()).fetchall()
        return int(value)

    return {
        "drift": found.drift,
        **{f"drift_{kind}": count for kind, count in sorted(found.faults.items()) if count},
        "vectors": found.vectors,
        "passages": found.passages,
        "documents_ready": one("select count(*) from public.documents where status = 'ready'"),
        "documents_failed": one("select count(*) from public.documents where status = 'failed'"),
        "documents_unfinished": one("select count(*) from public.documents where status not in ('ready', 'failed')"),
        "receipts": one("select count(*) from public.deletions"),
        "receipts_open": one("select count(*) from public.deletions where completed_at is null"),
        "moves_done": one("select count(*) from rivulet.moves where state = 'done'"),
        "jobs_dead": one("select count(*) from rivulet.job_history where outcome = 'dead'"),
        "files_without_document": one(
            "select count(*) from storage.objects o where bucket_id = 'documents' and not exists ("
            "select from public.documents d where d.bucket = o.bucket_id and d.object_name = o.name)"
        ),
    }


@contextmanager
def site() -> Iterator[Site]:
    """Servers of its own; they end with the block."""
    with ExitStack() as ends:
        database = ends.enter_context(durable.database())
        url = ends.enter_context(durable.gateway(database))
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="rivulet-storm-")))
        chroma_port, models_port = ports.any_free(), ports.any_free()
        chroma_url, models_url = f"http://{ports.HOST}:{chroma_port}", f"http://{ports.HOST}:{models_port}"
        models = {"MODELS_HOST": ports.HOST, "MODELS_PORT": str(models_port), "MODELS_DIR": str(folder / "models")}
        (folder / "chroma").mkdir()
        for command, environment, health in (
            (
                chroma.command(folder / "chroma", chroma_port),
                chroma.environment(),
                f"{chroma_url}{chroma.HEALTH_PATH}",
            ),
            ([sys.executable, "-m", "infra.local.models"], models, f"{models_url}/healthz"),
        ):
            ends.enter_context(serving.process(command, environment, partial(serving.answers, health)))
        yield Site(database, url, chroma_url, models_url)


def main() -> None:
    """Measure and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--events", type=int, default=2000, help="uploads, edits and deletions (default: 2000)")
    parser.add_argument("--kills", type=int, default=20, help="listeners killed meanwhile (default: 20)")
    parser.add_argument("--searches", type=int, default=40, help="deletions whose effect is measured (default: 40)")
    given = parser.parse_args()
    aims = {"drift": "0", "gone_p95_ms": "≤ 1000", "receipts_open": "0", "documents_unfinished": "0"}
    with site() as made:
        figures.show(run(made, given.events, given.kills, given.searches), aims, given.json)


if __name__ == "__main__":
    main()
