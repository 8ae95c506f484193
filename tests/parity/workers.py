"""Those who do the work: listener processes, or a function that pg_net's webhook and a schedule ring."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from schema.jobs import Queue
from tests.databases import Database
from tests.integration.serverless import SECRET, Functions

CONCURRENCY = "4"


@contextmanager
def listeners(environment: Mapping[str, str], _: Database, folder: Path) -> Iterator[None]:
    """One listener for all queues."""
    with (folder / "listener.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "listeners", *Queue, "--concurrency", CONCURRENCY],
            env={**os.environ, **environment},
            stderr=log,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def functions(environment: Mapping[str, str], database: Database, folder: Path) -> Iterator[None]:
    """One function, rung by the webhook."""
    settings = {**environment, "RIVULET_DRAIN_CONCURRENCY": CONCURRENCY}
    with Functions(settings, folder).stopped() as started:
        served = started.serve("drain")
        with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
            owner.execute("select public.set_webhook_v1(%s, %s)", [served.url, SECRET])
        yield
