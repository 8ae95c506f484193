"""Tells the database who works here, so that operators see it."""

import asyncio
from collections.abc import Callable

import structlog

from schema.errors import JobError
from schema.jobs import WorkerReport
from schema.ports import JobStore

REPORT_SECONDS = 15.0

log = structlog.get_logger()


async def report_forever(jobs: JobStore, describe: Callable[[], WorkerReport], heard: Callable[[], None]) -> None:
    """Report until cancelled; `heard` is called after each report that came through."""
    while True:
        try:
            await jobs.report(describe())
            heard()
        except JobError as error:
            log.warning("report_failed", error=error.message)
        await asyncio.sleep(REPORT_SECONDS)
