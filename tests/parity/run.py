"""Runs the events once with listeners and once with functions, each in a project of its own, and compares."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests import databases
from tests.benchmarks import durable
from tests.integration import serverless
from tests.parity import events, workers
from tests.parity.rows import Rows, Vectors, differences, left_in_database
from tests.waiting import eventually

Workers = Callable[[Mapping[str, str], databases.Database, Path], AbstractContextManager[None]]
SCHEDULE_SECONDS = 5.0  # the schedule that makes up for lost bells; a minute in real life
DONE_WITHIN_SECONDS = 900.0


@dataclass(frozen=True)
class Services:
    """What both runs use."""

    server: databases.Server
    chroma: str
    models: str
    folder: Path


@dataclass(frozen=True)
class Report:
    """What came of it; `rows` counts what both left, `differences` says where they differ."""

    events: int
    rows: Mapping[str, int]
    differences: list[str]
    listeners_seconds: float
    functions_seconds: float


def compare(number: int, services: Services) -> Report:
    """Run twice and compare."""
    one, one_seconds = _run(number, services, workers.listeners)
    other, other_seconds = _run(number, services, workers.functions)
    counts = {name: len(rows) for name, rows in one.items()}
    return Report(number, counts, differences(one, other), one_seconds, other_seconds)


def _run(number: int, services: Services, work: Workers) -> tuple[Rows, float]:
    """What is left, and the seconds that it took from the first event to the last effect."""
    libraries = [str(events.ident("library", each)) for each, _ in enumerate(events.setup(number))]
    vectors = Vectors(services.chroma, libraries)
    with _project(services) as (database, environment), psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        for event in events.setup(number):
            _happen(owner, event)
        with work(environment, database, services.folder):
            began = time.monotonic()
            for phase in events.phases(number):
                for event in phase:
                    _happen(owner, event)
                _wait_done(owner)
            seconds = time.monotonic() - began
        rows = {**left_in_database(database.owner_dsn), "vectors": vectors.rows()}
        vectors.remove()
    return rows, round(seconds, 2)


@contextmanager
def _project(services: Services) -> Iterator[tuple[databases.Database, Mapping[str, str]]]:
    with (
        services.server.database_from(databases.PROJECT_TEMPLATE) as database,
        durable.gateway(database) as url,
    ):
        yield database, serverless.environment(database, url, services.chroma, services.models)


def _happen(owner: psycopg.Connection, event: events.Event) -> None:
    with owner.transaction():
        for statement, values in event.statements:
            owner.execute(statement.encode(), values)


def _wait_done(owner: psycopg.Connection) -> None:
    """Wait until there is no job, and ring now and then as a schedule does."""
    rung_at = time.monotonic()

    def done() -> None:
        nonlocal rung_at
        if time.monotonic() - rung_at > SCHEDULE_SECONDS:
            owner.execute("select public.ring_queues_v1()")
            rung_at = time.monotonic()
        left = owner.execute("select queue, state::text, last_error from rivulet.jobs limit 5").fetchall()
        assert not left, left

    eventually(done, within=DONE_WITHIN_SECONDS)
