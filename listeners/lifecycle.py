"""A listener from its start to its end: claim, and on SIGTERM stop claiming, drain, give back, leave."""

import asyncio
import signal
import time
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import suppress

import structlog

from functions.dispatch import Dispatcher, Handler
from functions.work.lease import LeaseKeeper
from functions.work.running import GRACE_SECONDS, RunningJobs
from functions.work.worker import worker_name
from listeners.claim import ClaimLoop
from listeners.doorbell import Doorbell
from listeners.report import leave, report_forever
from listeners.sweep import sweep_forever
from schema.jobs import Queue, WorkerReport
from schema.ports import Beats, JobStore
from schema.settings import Settings

log = structlog.get_logger()


class Listener:
    """One process that serves one or more queues."""

    def __init__(
        self,
        settings: Settings,
        jobs: JobStore,
        beats: Beats,
        handlers: Mapping[Queue, Handler],
        concurrency: int,
        health_port: int | None = None,
    ) -> None:
        self.worker = worker_name()
        self._concurrency = concurrency
        self._health_port = health_port
        self._jobs = jobs
        self._heard_at = time.monotonic()
        self._running = RunningJobs(Dispatcher(jobs, handlers), jobs)
        self._keeper = LeaseKeeper(beats, self._running, asyncio.get_running_loop())
        self._entry = settings.entry
        self._doorbell = Doorbell(settings.supabase_url, self._entry, list(handlers), self._rung, self._cancelled)
        self._loops = {
            queue: ClaimLoop(queue, concurrency, self.worker, jobs, self._running, lambda: self._doorbell.hears)
            for queue in handlers
        }

    async def run(self) -> int:
        """Serve until SIGTERM or SIGINT, then end in order; the exit code, which is 0 only after a signal."""
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        self._keeper.start()
        helpers = [asyncio.create_task(helper) for helper in self._helpers()]
        loops = [asyncio.create_task(loop.run()) for loop in self._loops.values()]
        log.info("listening", worker=self.worker, queues=[queue.value for queue in self._loops])
        dead = await _first_of(stopping, [*helpers, *loops])
        await self._end(helpers, loops)
        return 1 if dead else 0

    def describe(self) -> WorkerReport:
        """What this listener says of itself."""
        return WorkerReport(
            worker=self.worker,
            queues=list(self._loops),
            concurrency=self._concurrency,
            running=len(self._running.claims()),
            hears=self._doorbell.hears,
        )

    def _helpers(self) -> Iterator[Coroutine[None, None, None]]:
        yield self._doorbell.run()
        yield sweep_forever(self._jobs)
        yield report_forever(self._jobs, self.describe, self._was_heard, self._doorbell.changed)
        if self._health_port is not None:
            from functions.telemetry.engine import EngineGauges
            from listeners.health import Health  # a web server, which listeners without a port do not load

            gauges = EngineGauges(self._jobs.status)
            yield Health(self.describe, self._answered_at, self._entry, gauges).serve(self._health_port)

    def _was_heard(self) -> None:
        self._heard_at = time.monotonic()

    def _answered_at(self) -> float:
        """A listener whose places are all taken claims nothing; its reports tell that the queue answers."""
        return max(self._heard_at, *(loop.answered_at for loop in self._loops.values()))

    async def _end(self, helpers: list[asyncio.Task[None]], loops: list[asyncio.Task[None]]) -> None:
        for loop in self._loops.values():
            loop.stop()
        await asyncio.gather(*loops, return_exceptions=True)
        await self._running.drain(GRACE_SECONDS)  # with heartbeats going on
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        await leave(self._jobs, self.describe())
        await asyncio.to_thread(self._keeper.stop)
        log.info("ended", worker=self.worker)

    def _rung(self, queue: Queue) -> None:
        self._loops[queue].wake()

    def _cancelled(self) -> None:
        self._keeper.nudge()  # what became of each job, the beat's answer says


async def _first_of(stopping: asyncio.Event, tasks: list[asyncio.Task[None]]) -> bool:
    """Wait for the stop signal, or for one of the tasks to die (true): then the process ends, and is started anew."""
    signalled = asyncio.create_task(stopping.wait())
    done, _ = await asyncio.wait([signalled, *tasks], return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    with suppress(asyncio.CancelledError):
        await signalled
    dead = done - {signalled}
    for task in dead:
        log.error("listener_task_died", task=task.get_name(), error=repr(task.exception()))
    return bool(dead)
