"""Claims jobs of one queue, as many as can be started."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

from functions.work.running import RunningJobs
from schema.jobs import ClaimBatch, Outcome, Queue
from schema.ports import JobStore

CROWDED_SECONDS = 0.02  # pause when other workers hold the lanes this instant


class Claimer:
    """Starts what it claims, and never has more than `concurrency` jobs running; `ended` hears how each ends."""

    def __init__(
        self,
        queue: Queue,
        concurrency: int,
        worker: str,
        jobs: JobStore,
        running: RunningJobs,
        ended: Callable[[Queue, Outcome], None],
    ) -> None:
        self.queue = queue
        self.active = 0
        self._concurrency = concurrency
        self._worker = worker
        self._jobs = jobs
        self._running = running
        self._ended = ended
        self._request = uuid4()

    @property
    def free(self) -> int:
        """How many jobs could be started now."""
        return 0 if self._running.alone else self._concurrency - self.active

    async def claim(self) -> ClaimBatch:
        """Claim and start up to `free` jobs. Raises `TransientError`. Must not be cancelled: claims would get lost."""
        batch = await self._jobs.claim(self.queue, self._worker, self.free, self._request)
        self._request = uuid4()  # not before: what a lost reply has claimed is in the next
        if self._running.alone and batch.jobs:  # another queue has got a job that has to be alone meanwhile
            await self._running.give_back(batch.jobs)
            return ClaimBatch(jobs=[], more=False)
        for claim in batch.jobs:
            self.active += 1
            self._running.start(claim).add_done_callback(self._finished)
        return batch

    def _finished(self, task: asyncio.Task[Outcome]) -> None:
        self.active -= 1
        # Cancelled: it was interrupted before its first step.
        self._ended(self.queue, Outcome.RELEASED if task.cancelled() else task.result())
