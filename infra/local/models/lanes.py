"""Two pools of threads: a small request never waits behind a large one."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_BULK_NICENESS = 5


class Lanes:
    """Runs blocking work for the event loop.

    The `express` lane is for what a person waits for. The `bulk` lane's threads have a lower scheduling priority where
    the system knows one for threads (Linux), so that indexing leaves the processor to questions at once.
    """

    def __init__(self, width: int | None = None) -> None:
        self.width = width or _processors()
        self._express = ThreadPoolExecutor(self.width, "express")
        self._bulk = ThreadPoolExecutor(self.width, "bulk", initializer=_lower_priority)

    async def map(self, run: Callable[[T], R], items: Iterable[T], *, express: bool) -> list[R]:
        """`run` of each item, in order.

        A caller has at most `width` items in a lane's queue, so callers share the lane evenly whatever their size, and
        a cancelled one leaves only the items already running.
        """
        lane, loop = (self._express if express else self._bulk), asyncio.get_running_loop()
        results: dict[int, R] = {}
        numbered = iter(enumerate(items))

        async def work() -> None:
            for number, item in numbered:
                results[number] = await loop.run_in_executor(lane, run, item)

        async with asyncio.TaskGroup() as group:
            for _ in range(self.width):
                group.create_task(work())
        return [results[number] for number in range(len(results))]

    def close(self) -> None:
        """Drop what is queued; what is running ends by itself."""
        for lane in (self._express, self._bulk):
            lane.shutdown(wait=False, cancel_futures=True)


def _processors() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _lower_priority() -> None:
    if sys.platform == "linux":  # elsewhere a thread's number would name some process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BULK_NICENESS)
