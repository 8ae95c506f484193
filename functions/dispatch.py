"""Runs one claimed job to its recorded end: for a listener, a serverless function and the command line alike."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from functions.telemetry.metrics import JOB_FAILURES, JOB_RUN, JOB_WAIT
from functions.telemetry.tracing import job_span
from schema.errors import JobError, PermanentError, StaleClaimError, SupersededError, TransientError
from schema.jobs import Claim, Outcome, Queue
from schema.ports import JobStore

Handler = Callable[[Claim], Awaitable[None]]

log = structlog.get_logger()


class Dispatcher:
    """Knows the handler of each queue it serves, and what each way to end means."""

    def __init__(self, jobs: JobStore, handlers: Mapping[Queue, Handler]) -> None:
        self._jobs = jobs
        self._handlers = handlers

    async def run(self, claim: Claim) -> Outcome:
        """Handle a job and record how it ended; raises only cancellation.

        A cancelled run records nothing: who cancelled knows why (`acknowledge` a stop, `release` at shutdown).
        """
        started = time.monotonic()
        JOB_WAIT.labels(claim.queue.value).observe(claim.waited_ms / 1000)
        named = {"queue": claim.queue.value, "job": claim.id, "fence": claim.fence, "attempt": claim.attempt}
        with structlog.contextvars.bound_contextvars(**named, trace_id=claim.trace_id), job_span(claim) as span:
            outcome = await self._outcome(claim)
            seconds = time.monotonic() - started
            span.set_attribute("rivulet.outcome", outcome.value)
            JOB_RUN.labels(claim.queue.value, outcome.value).observe(seconds)
            log.info("job_ended", outcome=outcome.value, seconds=round(seconds, 3))
            return outcome

    async def fail(self, claim: Claim, error: JobError) -> Outcome:
        """Record that a job failed, or was not even begun."""
        JOB_FAILURES.labels(claim.queue.value, error.code).inc()
        log.warning("job_failed", code=error.code, error=error.message, cause=type(error.__cause__).__name__)
        try:
            await self._jobs.fail(claim, error)
        except JobError as unreachable:
            # Nobody can be told. The lease runs out, and the database takes the job back.
            log.error("failure_not_recorded", error=unreachable.message)
            return Outcome.UNRECORDED
        return Outcome.FAILED if isinstance(error, PermanentError) else Outcome.PUT_OFF

    async def _outcome(self, claim: Claim) -> Outcome:
        try:
            async with asyncio.timeout(claim.deadline_seconds):
                await self._handlers[claim.queue](claim)
        except StaleClaimError:
            return Outcome.STALE
        except SupersededError:
            return Outcome.SUPERSEDED
        except Exception as error:  # noqa: BLE001 - a handler's fault must end its job, not the worker
            return await self.fail(claim, _as_job_error(error))
        return Outcome.DONE


def _as_job_error(error: Exception) -> JobError:
    if isinstance(error, JobError):
        return error
    if isinstance(error, TimeoutError):
        return TransientError("deadline", "This took longer than is allowed.")
    log.error("handler_fault", exc_info=error)
    return TransientError("fault", f"Something went wrong inside the service ({type(error).__name__}).")
