"""The jobs that this process runs now, and the reason for which one was told to stop."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import structlog

from functions.dispatch import Dispatcher
from functions.telemetry.metrics import LEASES_LOST, RUNNING
from schema.errors import JobError, RateLimitedError
from schema.jobs import Beat, Claim, Outcome
from schema.ports import JobStore

GRACE_SECONDS = 8.0  # for what runs when the process is told to end; Cloud Run, the most impatient host, kills after 10
ALONE_SECONDS = 30.0  # for what runs beside a job that has to be alone; longer than this nobody else is held up
AGAIN_SECONDS = 60.0

log = structlog.get_logger()


class Stop(Enum):
    """Why a job is interrupted, which decides what is recorded."""

    CANCELLED = "it was asked to stop"  # is acknowledged
    LOST = "another worker may have it"  # nothing may be written
    SHUTDOWN = "this worker ends"  # is given back


_OUTCOMES = {Stop.CANCELLED: Outcome.CANCELLED, Stop.LOST: Outcome.STALE, Stop.SHUTDOWN: Outcome.RELEASED}


@dataclass
class _Held:
    """A claim that is held here, and why its task was told to stop."""

    claim: Claim
    task: asyncio.Task[Outcome]
    stop: Stop | None = None


class RunningJobs:
    """Starts jobs as tasks and interrupts them; all methods belong to the event loop's thread, except `claims`."""

    def __init__(self, dispatcher: Dispatcher, jobs: JobStore) -> None:
        self._dispatcher = dispatcher
        self._jobs = jobs
        # By job and fence: a job whose lease ended may come back while its earlier attempt still unwinds.
        self._held: dict[tuple[int, int], _Held] = {}

    def claims(self) -> Sequence[Claim]:
        """The claims held now. May be called from any thread: it copies in one step."""
        return [held.claim for held in list(self._held.values()) if held.stop is not Stop.LOST]

    @property
    def alone(self) -> bool:
        """Whether a job is held beside which nothing may be started."""
        return any(claim.alone for claim in self.claims())

    def start(self, claim: Claim) -> asyncio.Task[Outcome]:
        """Run a job; the task ends when its end is recorded."""
        for earlier in [held.claim for held in self._held.values() if held.claim.id == claim.id]:
            self.interrupt(earlier, Stop.LOST)
        task = asyncio.create_task(self._run(claim), name=f"{claim.queue.value} job {claim.id}")
        self._held[claim.id, claim.fence] = _Held(claim, task)
        RUNNING.labels(claim.queue.value).inc()
        task.add_done_callback(lambda _: self._forget(claim))
        return task

    def heed(self, claim: Claim, beat: Beat) -> None:
        """Interrupt a job whose heartbeat says so."""
        if beat is not Beat.OK:
            self.interrupt(claim, Stop.CANCELLED if beat is Beat.CANCEL else Stop.LOST)

    def interrupt(self, claim: Claim, why: Stop) -> None:
        """Stop a job at once. Only the first reason counts."""
        held = self._held.get((claim.id, claim.fence))
        if held and not held.stop:
            held.stop = why
            held.task.cancel()

    def _forget(self, claim: Claim) -> None:
        RUNNING.labels(claim.queue.value).dec()
        del self._held[claim.id, claim.fence]

    async def drain(self, grace_seconds: float) -> None:
        """Let the jobs finish; after the grace period interrupt them and give them back."""
        if tasks := [held.task for held in self._held.values()]:
            await asyncio.wait(tasks, timeout=grace_seconds)
        left = self.claims()
        for claim in left:
            self.interrupt(claim, Stop.SHUTDOWN)
        if tasks := [held.task for held in self._held.values()]:
            await asyncio.wait(tasks)
        if left:
            await self.give_back(left)

    async def give_back(self, claims: Sequence[Claim]) -> None:
        """Give jobs back unfinished. If that cannot be said, the ends of the leases say it later."""
        try:
            await self._jobs.release(claims)
            log.info("jobs_released", count=len(claims))
        except JobError as error:
            log.warning("release_failed", count=len(claims), error=error.message)

    async def _run(self, claim: Claim) -> Outcome:
        try:
            return await (self._run_alone(claim) if claim.alone else self._dispatcher.run(claim))
        except asyncio.CancelledError:
            why = self._held[claim.id, claim.fence].stop or Stop.SHUTDOWN
            if why is Stop.LOST:
                LEASES_LOST.labels(claim.queue.value).inc()
            log.info("job_interrupted", job=claim.id, reason=why.value)
            if why is Stop.CANCELLED:
                await self._acknowledge(claim)
            return _OUTCOMES[why]

    async def _run_alone(self, claim: Claim) -> Outcome:
        """Run a job that may kill the process, once nothing else would die with it."""
        began = time.monotonic()
        others = [held.task for held in self._held.values() if held.claim is not claim]
        if others and (await asyncio.wait(others, timeout=ALONE_SECONDS))[1]:
            return await self._dispatcher.fail(
                claim, RateLimitedError("crowded", "Others take too long.", AGAIN_SECONDS)
            )
        left = claim.deadline_seconds - (time.monotonic() - began)
        return await self._dispatcher.run(claim.model_copy(update={"deadline_seconds": left}))

    async def _acknowledge(self, claim: Claim) -> None:
        try:
            await self._jobs.acknowledge_cancel(claim)
        except JobError as error:
            log.warning("cancel_not_recorded", job=claim.id, error=error.message)  # the lease's end records it
