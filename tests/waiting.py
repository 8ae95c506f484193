"""The only way tests wait: until an assertion holds, or a deadline has passed."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Result = TypeVar("Result")
PAUSE_SECONDS = 0.02


def eventually(assertion: Callable[[], Result], within: float = 5.0) -> Result:
    """Call `assertion` until it raises no AssertionError, at most `within` seconds; return its result."""
    deadline = time.monotonic() + within
    while True:
        try:
            return assertion()
        except AssertionError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(PAUSE_SECONDS)


async def eventually_async(assertion: Callable[[], Awaitable[Result] | Result], within: float = 5.0) -> Result:
    """As `eventually`, for assertions that await, without holding up the event loop."""
    deadline = time.monotonic() + within
    while True:
        try:
            outcome = assertion()
            return await outcome if inspect.isawaitable(outcome) else outcome
        except AssertionError:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(PAUSE_SECONDS)
