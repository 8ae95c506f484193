"""Rivulet: `python -m tests.benchmarks.contenders.rivulet {put|job|batch} [SIZE] [--direct]`; the rest is environment.

`job` is the listener with a handler that only completes its job, `SIZE` of them at once. `batch` claims `SIZE` jobs and
completes them in one call. The queue is `purge`, whose completion has no effect but the end of the job.
"""

import argparse
import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from functions.effects.jobs_supabase import SupabaseBeats, SupabaseJobs
from functions.effects.purges_supabase import SupabasePurges
from functions.effects.supabase import Supabase
from listeners.lifecycle import Listener
from schema.jobs import Claim, Queue
from schema.ports import Beats
from schema.settings import Settings
from tests.benchmarks.contenders.direct import DirectBeats, DirectSupabase
from tests.benchmarks.contenders.signals import serve_puts, started, wait_for_go

POLL_SECONDS = 0.1
ENQUEUE = """
select rivulet.enqueue('purge', lpad(to_hex(n %% %s), 32, '0')::uuid, gen_random_uuid(), '{}', 'trace')
from generate_series(1, %s) n
"""


class Noop:
    """Completes a job and does nothing else, but may take its time."""

    def __init__(self, supabase: Supabase, seconds: float) -> None:
        self._store = SupabasePurges(supabase)
        self._seconds = seconds

    async def __call__(self, claim: Claim) -> None:
        """Do nothing."""
        started()
        if self._seconds:
            await asyncio.sleep(self._seconds)
        await self._store.complete_purge(claim, {})


async def listen(settings: Settings, supabase: Supabase, beats: Beats, concurrency: int, seconds: float) -> None:
    """Be a listener."""
    wait_for_go()
    handlers = {Queue.PURGE: Noop(supabase, seconds)}
    await Listener(settings, SupabaseJobs(supabase), beats, handlers, concurrency).run()


async def drain(supabase: Supabase, size: int) -> None:
    """Claim and complete in batches until killed."""
    jobs = SupabaseJobs(supabase)
    wait_for_go()
    while True:
        batch = await jobs.claim(Queue.PURGE, "bench", size, uuid4())
        for _ in batch.jobs:
            started()
        if batch.jobs:
            await supabase.call("complete_jobs_v1", jobs=[{"id": job.id, "fence": job.fence} for job in batch.jobs])
        elif not batch.more:
            await asyncio.sleep(POLL_SECONDS)


@asynccontextmanager
async def connected(settings: Settings, direct: bool, size: int) -> AsyncIterator[tuple[Supabase, Beats]]:
    """Over HTTP, or directly."""
    if not direct:
        yield Supabase(settings), SupabaseBeats(settings)
        return
    dsn = os.environ["DATABASE_URL"]
    async with AsyncConnectionPool(dsn, min_size=2, max_size=size, kwargs={"autocommit": True}) as pool:
        yield DirectSupabase(settings, pool), DirectBeats(dsn)


def _deafened(settings: Settings) -> Settings:
    return settings.model_copy(update={"supabase_url": "http://127.0.0.1:1"})


async def put(dsn: str, tenants: int) -> None:
    """Enqueue until killed, for one tenant after the other."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await serve_puts(lambda count: connection.execute(ENQUEUE, [tenants, count]))


async def main() -> None:
    """Put or work until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["put", "job", "batch"])
    parser.add_argument("size", type=int, help="of a batch; jobs at once; for put, among how many tenants")
    parser.add_argument("--direct", action="store_true", help="over a database connection instead of the Data API")
    parser.add_argument("--deaf", action="store_true", help="without Realtime")
    parser.add_argument("--seconds", type=float, default=0.0, help="that each job takes (default: none)")
    given = parser.parse_args()
    if given.action == "put":
        await put(os.environ["DATABASE_URL"], given.size)
    settings = Settings.from_env(os.environ)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with connected(settings, given.direct, given.size) as (supabase, beats):
        if given.action == "job":
            await listen(_deafened(settings) if given.deaf else settings, supabase, beats, given.size, given.seconds)
        else:
            await drain(supabase, given.size)


if __name__ == "__main__":
    asyncio.run(main())
