"""Claims and runs the jobs of some queues until there are none or the time is up: what a function does on a ring."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from functions.dispatch import Dispatcher, Handler
from functions.work.claimer import CROWDED_SECONDS, Claimer
from functions.work.lease import LeaseKeeper
from functions.work.running import GRACE_SECONDS, RunningJobs
from functions.work.worker import worker_name
from schema.errors import JobError
from schema.jobs import ClaimBatch, Outcome, Queue
from schema.ports import Beats, JobStore

# No doorbell reaches a function while it works: it learns from its heartbeats that a person stopped an answer.
BEAT_SECONDS = 2.0
# No job is begun in the last fifth of the time, so that those which run have a chance to finish.
CLAIMING_SHARE = 0.8


@dataclass(frozen=True)
class Workplace:
    """What jobs are done with, and how many of a queue at once."""

    jobs: JobStore
    beats: Beats
    handlers: Mapping[Queue, Handler]
    concurrency: int


@dataclass(frozen=True)
class Drained:
    """How the jobs of each queue ended. `empty`: nothing was left to be claimed. `failure`: why it ended too early."""

    outcomes: Mapping[Queue, Mapping[Outcome, int]]
    empty: bool
    failure: JobError | None
    seconds: float

    @property
    def progress(self) -> bool:
        """Whether any job came to an end."""
        return any(counts.keys() - {Outcome.RELEASED} for counts in self.outcomes.values())


class Drain:
    """One drain. It may be told that there is more to do, and that it has to end, while it runs."""

    def __init__(self, queues: Sequence[Queue], place: Workplace, seconds: float) -> None:
        self.claiming = True  # false: what is new from now on is for somebody else
        self.queues = queues
        self._began = time.monotonic()
        self._claims_until = self._began + seconds * CLAIMING_SHARE
        self._ends_at = self._began + seconds
        self._jobs = place.jobs
        self._running = RunningJobs(Dispatcher(place.jobs, place.handlers), place.jobs)
        self._keeper = LeaseKeeper(place.beats, self._running, asyncio.get_running_loop(), BEAT_SECONDS)
        worker = worker_name()
        self._claimers = [
            Claimer(queue, place.concurrency, worker, place.jobs, self._running, self._job_ended) for queue in queues
        ]
        self._outcomes: dict[Queue, Counter[Outcome]] = {queue: Counter() for queue in queues}
        self._unseen = set(queues)  # queues that may have something to claim
        self._woken = asyncio.Event()

    async def run(self) -> Drained:
        """Work. At the end of the time running jobs are interrupted and given back; no attempt is spent."""
        self._keeper.start()
        empty, failure = False, None
        try:
            empty = await self._claim_until_empty()
        except JobError as error:
            failure = error
        finally:
            self.claiming = False
            await self._finish()
        return Drained(self._outcomes, empty, failure, time.monotonic() - self._began)

    def look_again(self) -> None:
        """There may be something new."""
        self._unseen.update(self.queues)
        self._woken.set()

    def end(self) -> None:
        """The process has to end: claim nothing more, and give back what does not finish soon."""
        self._claims_until = 0.0
        self._ends_at = min(self._ends_at, time.monotonic() + GRACE_SECONDS)
        self._woken.set()

    async def _claim_until_empty(self) -> bool:
        while (left := self._claims_until - time.monotonic()) > 0:
            self._woken.clear()
            able = [claimer for claimer in self._claimers if claimer.queue in self._unseen and claimer.free]
            if able:
                await self._claim(able)
            elif any(claimer.active for claimer in self._claimers):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), left)
            else:
                return True
        return False

    async def _claim(self, claimers: Sequence[Claimer]) -> None:
        """Claim from several queues at once; those that may have more stay unseen."""
        self._unseen.difference_update(claimer.queue for claimer in claimers)
        replies = await asyncio.gather(*(claimer.claim() for claimer in claimers), return_exceptions=True)
        batches = [_batch(reply) for reply in replies]
        self._unseen.update(claimer.queue for claimer, batch in zip(claimers, batches, strict=True) if batch.more)
        if any(batch.more for batch in batches) and not any(batch.jobs for batch in batches):
            await asyncio.sleep(CROWDED_SECONDS)

    def _job_ended(self, queue: Queue, outcome: Outcome) -> None:
        self._outcomes[queue][outcome] += 1
        self.look_again()  # the end of a job is often the beginning of another, in any queue

    async def _finish(self) -> None:
        await self._running.drain(max(0.0, self._ends_at - time.monotonic()))
        await asyncio.to_thread(self._keeper.stop)


def _batch(reply: ClaimBatch | BaseException) -> ClaimBatch:
    if isinstance(reply, BaseException):
        raise reply
    return reply
