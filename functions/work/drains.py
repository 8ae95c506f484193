"""The drains of this process: however often it rings, each queue is drained once at a time."""

import asyncio
from collections.abc import Sequence

import structlog

from functions.work.drain import Drain, Drained, Workplace
from schema.errors import JobError
from schema.jobs import Queue
from schema.serving import Bell

log = structlog.get_logger()


class Drains:
    """Starts drains, and lets a bell that rings during one be heard by it."""

    def __init__(self, place: Workplace, bell: Bell) -> None:
        self._place = place
        self._bell = bell
        self._active: set[Drain] = set()
        self._behind: set[asyncio.Task[Drained]] = set()
        self._ending = False

    async def drain(self, queues: Sequence[Queue], seconds: float) -> Drained | None:
        """Drain the queues that nobody drains here; None: all are being drained. A caller that leaves stops nothing."""
        task = self.begin(queues, seconds)
        return None if task is None else await asyncio.shield(task)

    def begin(self, queues: Sequence[Queue], seconds: float) -> asyncio.Task[Drained] | None:
        """As `drain`, without waiting for its end."""
        mine = [queue for queue in queues if not self._heard(queue)]
        if not mine or self._ending:
            return None
        drain = Drain(mine, self._place, seconds)
        self._active.add(drain)
        task = asyncio.create_task(self._run(drain), name="drain")
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)
        return task

    async def end(self) -> None:
        """The process has to end: finish or give back what runs, and start nothing more."""
        self._ending = True
        for drain in self._active:
            drain.end()
        if self._behind:
            await asyncio.wait(self._behind)

    def _heard(self, queue: Queue) -> bool:
        for drain in self._active:
            if drain.claiming and queue in drain.queues:
                drain.look_again()
                return True
        return False

    async def _run(self, drain: Drain) -> Drained:
        try:
            await self._sweep()
            drained = await drain.run()
        finally:
            self._active.discard(drain)
        if not drained.empty and drained.progress:
            await self._hand_over(drain.queues)
        return drained

    async def _sweep(self) -> None:
        """Without listeners nobody else takes back what vanished workers held."""
        try:
            await self._place.jobs.sweep()
        except JobError as error:
            log.warning("sweep_failed", error=error.message)

    async def _hand_over(self, queues: Sequence[Queue]) -> None:
        """Let the next function go on; not after a drain that ended no job, for the next one would get no further."""
        try:
            await self._bell.ring(queues)
        except JobError as error:
            log.warning("hand_over_failed", error=error.message)
