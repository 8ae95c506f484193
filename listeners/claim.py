"""The claim loop of one queue: bell, finished job or timer → claim as many jobs as can be started → start them."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from functions.work.claimer import CROWDED_SECONDS, Claimer
from functions.work.running import RunningJobs
from schema.errors import JobError
from schema.jobs import ClaimBatch, Queue
from schema.ports import JobStore

POLL_SECONDS = 5.0  # while the doorbell works
FULL_SECONDS = 0.2  # while nothing can be started; the end of one of the queue's own jobs wakes
DEAF_POLL_SECONDS = 1.0  # while it does not, or the database cannot be reached

log = structlog.get_logger()


class ClaimLoop:
    """Keeps up to `concurrency` jobs of one queue running. Claims only what it can start."""

    def __init__(
        self,
        queue: Queue,
        concurrency: int,
        worker: str,
        jobs: JobStore,
        running: RunningJobs,
        hears: Callable[[], bool],
    ) -> None:
        self.answered_at = time.monotonic()  # when the queue last replied
        self._claimer = Claimer(queue, concurrency, worker, jobs, running, lambda *_: self.wake())
        self._hears = hears
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Claim and start jobs until stopped."""
        while not self._stopping:
            self._wake.clear()
            pause = await self._claim() if self._claimer.free else FULL_SECONDS
            if pause:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), pause * random.uniform(0.7, 1.3))

    async def _claim(self) -> float:
        """Claim and start jobs; returns how long to pause, in seconds."""
        try:
            batch = await self._claimer.claim()
        except JobError as error:
            log.warning("claim_failed", queue=self._claimer.queue.value, error=error.message)
            return DEAF_POLL_SECONDS
        self.answered_at = time.monotonic()
        return self._pause_after(batch)

    def _pause_after(self, batch: ClaimBatch) -> float:
        if batch.more:
            return 0.0 if batch.jobs else CROWDED_SECONDS
        return POLL_SECONDS if self._hears() else DEAF_POLL_SECONDS
