"""A job that kills its process: three times, then it is dead with its reason, and nobody else paid for it.

Whoever was claimed with it dies with it, at most twice: its last chance is taken alone.
"""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.benchmarks import durable
from tests.chaos.work import POISON
from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.waiting import eventually

LEASE_SECONDS = 1
AT_ONCE = 4
# What the id of a document leaves as remainder by 100 says how long it takes (`tests.chaos.work`).
QUICK, SLOW = 50, 7

Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def start(gateway: Gateway, tmp_path: Path) -> Iterator[Start]:
    """Starts workers that end with the test."""
    running = []

    def begin() -> subprocess.Popen[bytes]:
        with (tmp_path / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.worker", str(tmp_path), str(LEASE_SECONDS), "0", str(AT_ONCE)],
                env=durable.worker_environment(gateway.database, gateway.url),
                stderr=log,
            )
        running.append(worker)
        return worker

    yield begin
    for worker in running:
        worker.kill()
        worker.wait()


def upload(engine: Engine, content: str, remainder: int) -> uuid.UUID:
    document = uuid.UUID(int=uuid.uuid4().int // 100 * 100 + remainder)
    user = engine.person()
    engine.all(
        "insert into public.documents (id, library_id, owner_id, title, content) values (%s, %s, %s, 'Notes', %s)",
        document,
        engine.library(user),
        user,
        content,
    )
    return document


def keep_alive(workers: list[subprocess.Popen[bytes]], start: Start) -> None:
    """What a supervisor does."""
    for place, worker in enumerate(workers):
        if worker.poll() is not None:
            workers[place] = start()


def test_a_job_that_kills_its_process_ends_dead_and_costs_nobody_else(engine: Engine, start: Start) -> None:
    poison = upload(engine, POISON, QUICK)
    others = [upload(engine, f"text {n}", SLOW if n % 3 == 0 else QUICK) for n in range(6)]
    workers = [start()]  # alone with all of them

    def all_ended() -> None:
        keep_alive(workers, start)
        assert engine.one("select count(*) from rivulet.jobs") == 0

    eventually(all_ended, within=90)

    assert {engine.status(document) for document in others} == {"ready"}
    assert engine.all(
        "select outcome::text, crash_count, error_code from rivulet.job_history where subject_id = %s", poison
    ) == [("dead", 3, "crashed")]
    status, message = engine.all("select status, error_message from public.documents where id = %s", poison)[0]
    assert (status, "given up" in message) == ("failed", True)


def test_a_last_chance_is_given_alone_and_in_its_turn(engine: Engine) -> None:
    user = engine.person()
    documents = [engine.document(user) for _ in range(3)]
    engine.all("update rivulet.jobs set crash_count = 2 where subject_id = %s", documents[1])

    claims = [[(job["subject_id"], job["alone"]) for job in engine.claim("parse")] for _ in range(4)]

    first, second, third = (str(document) for document in documents)
    assert claims == [[(first, False)], [(second, True)], [(third, False)], []]


def test_last_chances_of_one_tenant_do_not_hold_up_another(engine: Engine) -> None:
    crowd, other = engine.person(), engine.person()
    for _ in range(5):
        engine.document(crowd)
    engine.all("update rivulet.jobs set crash_count = 2")
    engine.claim("parse")
    engine.document(other)
    engine.document(other)

    assert [job["tenant_id"] for job in engine.claim("parse")] == [str(other)] * 2
    assert [job["tenant_id"] for job in engine.claim("parse")] == [str(crowd)]
