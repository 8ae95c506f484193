"""Claims, and a queue in memory, for tests of how jobs are run."""

import asyncio
import uuid
from collections.abc import Sequence
from uuid import UUID

from schema.errors import JobError, TransientError
from schema.jobs import Claim, ClaimBatch, Json, Queue, WorkerReport


def claim(number: int, alone: bool = False, queue: Queue = Queue.PURGE) -> Claim:
    return Claim(
        id=number, queue=queue, fence=number, attempt=1, alone=alone, tenant_id=uuid.uuid4(), subject_id=uuid.uuid4(),
        payload={}, trace_id="trace", waited_ms=0, deadline_seconds=60,
    )  # fmt: skip


class Jobs:
    """Implements `JobStore`: hands out what it is given once it is `open`, and keeps what it is told."""

    def __init__(self, *ready: Claim) -> None:
        self.ready = list(ready)
        self.open = asyncio.Event()
        self.open.set()
        self.replies_are_lost = False
        self.release_fails = False
        self.asked: list[tuple[int, UUID]] = []
        self.failed: dict[int, JobError] = {}
        self.released: list[int] = []

    async def claim(self, queue: Queue, worker: str, limit: int, request: UUID) -> ClaimBatch:
        self.asked.append((limit, request))
        await self.open.wait()
        if self.replies_are_lost:
            raise TransientError("supabase_unreachable", "The database service cannot be reached.")
        given = [each for each in self.ready if each.queue is queue][:limit]
        self.ready = [each for each in self.ready if each not in given]
        return ClaimBatch(jobs=given, more=bool(self.ready))

    async def fail(self, claim: Claim, error: JobError) -> None:
        self.failed[claim.id] = error

    async def acknowledge_cancel(self, claim: Claim) -> None:
        raise NotImplementedError

    async def release(self, claims: Sequence[Claim]) -> None:
        if self.release_fails:
            raise TransientError("supabase_unreachable", "The database service cannot be reached.")
        self.released += [each.id for each in claims]

    async def sweep(self) -> None:
        raise NotImplementedError

    async def status(self) -> Json:
        raise NotImplementedError

    async def report(self, worker: WorkerReport) -> None:
        raise NotImplementedError


class Work:
    """A handler whose jobs go on until they are let go."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self._ends: dict[int, asyncio.Event] = {}

    async def __call__(self, claim: Claim) -> None:
        self.begun.append(claim.id)
        await self._end_of(claim.id).wait()

    def let_go(self, *jobs: int) -> None:
        for job in jobs:
            self._end_of(job).set()

    def _end_of(self, job: int) -> asyncio.Event:
        return self._ends.setdefault(job, asyncio.Event())
