"""The queues as the database sees them, as metrics: asked for when somebody looks, and not more often than needed."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import structlog

from functions.telemetry.metrics import ENGINE_SEEN, QUEUE_AGE, QUEUE_DEAD, QUEUE_JOBS, WORKERS
from schema.errors import JobError
from schema.jobs import Json

REMEMBER_SECONDS = 10.0
PATIENCE_SECONDS = 5.0  # Prometheus waits for 10: a database that is silent must not take all other metrics with it
STATES = ("ready", "delayed", "waiting", "running")

log = structlog.get_logger()


class EngineGauges:
    """Keeps the gauges near the truth; `look` is `engine_status_v1`.

    `queues`: what it told last, by name; None if it could not be asked.
    """

    def __init__(self, look: Callable[[], Awaitable[Json]]) -> None:
        self._look = look
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")
        self.queues: Json | None = None

    async def refresh(self) -> None:
        """Look, unless that was done a moment ago."""
        async with self._looking:
            if time.monotonic() - self._looked_at < REMEMBER_SECONDS:
                return
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    found = await self._look()
                show(found)
                self.queues = found["queues"]
            except (JobError, TimeoutError) as error:
                ENGINE_SEEN.set(0)
                self.queues = None
                log.warning("engine_not_seen", error=repr(error))
            self._looked_at = time.monotonic()


def show(found: Json) -> None:
    """Set the gauges to what the database tells."""
    serving = Counter(queue for worker in found["workers"] for queue in worker["queues"])
    for queue, depth in found["queues"].items():
        for state in STATES:
            QUEUE_JOBS.labels(queue, state).set(depth[state])
        QUEUE_AGE.labels(queue).set(depth["oldest_ready_seconds"])
        QUEUE_DEAD.labels(queue).set(depth["dead"])
        WORKERS.labels(queue).set(serving[queue])
    ENGINE_SEEN.set(1)
