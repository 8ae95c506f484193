"""Trying again while something is down: the person hears of a delay, not of a loss."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from infra.cli.faults import is_outage

Result = TypeVar("Result")
Notice = Callable[[str], None]

PATIENCE_SECONDS = 300.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
TELL_AFTER_SECONDS = 1.0  # a shorter outage is no news
DOWN = "delayed: the server does not answer; trying again"


async def patiently(act: Callable[[], Awaitable[Result]], delayed: Notice) -> Result:
    """Call `act`, which must bear repetition, until it succeeds or fails for good; `delayed` is told of an outage."""
    begun = time.monotonic()
    pause, told = FIRST_PAUSE_SECONDS, False
    while True:
        try:
            return await act()
        except Exception as error:
            waited = time.monotonic() - begun
            if not is_outage(error) or waited > PATIENCE_SECONDS:
                raise
        if waited > TELL_AFTER_SECONDS and not told:
            delayed(DOWN)
            told = True
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
