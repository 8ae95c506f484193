"""Asks the database, now and then, to take back what vanished workers held. Any listener may; one at a time does."""

import asyncio
import random

import structlog

from schema.errors import JobError
from schema.ports import JobStore

SWEEP_SECONDS = 1.25  # what a vanished worker held is back at most 2 seconds after its lease

log = structlog.get_logger()


async def sweep_forever(jobs: JobStore) -> None:
    """Sweep until cancelled."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS * random.uniform(0.7, 1.3))
        try:
            await jobs.sweep()
        except JobError as error:
            log.warning("sweep_failed", error=error.message)
