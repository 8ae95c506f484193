"""PgQueuer: `python -m tests.benchmarks.contenders.pgqueuer {install|put|work} DSN BATCH`."""

import asyncio
import sys

import asyncpg
from pgqueuer.core.qm import QueueManager
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from tests.benchmarks.contenders.signals import serve_puts, started, wait_for_go


async def noop(_: Job) -> None:
    """Do nothing."""
    started()


async def main(action: str, dsn: str, batch: int) -> None:
    """Make the queue, or put or work until killed."""
    queries = Queries(AsyncpgDriver(await asyncpg.connect(dsn)))
    if action == "install":
        await queries.install()
    elif action == "put":
        await serve_puts(lambda count: queries.enqueue(["noop"] * count, [None] * count, [0] * count))
    else:
        manager = QueueManager(queries)
        manager.entrypoint("noop")(noop)
        wait_for_go()
        await manager.run(batch_size=batch)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
