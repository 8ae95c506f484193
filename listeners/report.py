"""Tells the database who works here, so that operators see it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from schema.errors import JobError
from schema.jobs import WorkerReport
from schema.ports import JobStore

REPORT_SECONDS = 15.0
LEAVE_SECONDS = 2.0

log = structlog.get_logger()


async def report_forever(
    jobs: JobStore, describe: Callable[[], WorkerReport], heard: Callable[[], None], changed: asyncio.Event
) -> None:
    """Report until cancelled, at once when something has changed; `heard` is called after each that came through."""
    while True:
        changed.clear()
        try:
            await jobs.report(describe())
            heard()
        except JobError as error:
            log.warning("report_failed", error=error.message)
        with suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), REPORT_SECONDS)


async def leave(jobs: JobStore, last: WorkerReport) -> None:
    """Say that this listener ends, so that nobody counts on it; if that cannot be said, its silence tells it later."""
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await jobs.report(last.model_copy(update={"concurrency": 0}))
    except (JobError, TimeoutError) as error:
        log.warning("leave_failed", error=repr(error))
