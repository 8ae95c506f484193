"""The retry policy for flickers: a few quick attempts in place, within a time that a lease can spare.

An outage is the database's business: the job is failed as transient and tried again later.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from schema.errors import TransientError

T = TypeVar("T")

PATIENCE_SECONDS = 10.0


async def patiently(call: Callable[[], Awaitable[T]], seconds: float = PATIENCE_SECONDS) -> T:
    """The call's result; it is repeated while it raises `TransientError`, with full jitter, for about `seconds`.

    Only for calls that may be repeated: reads, and writes that the database recognises.
    """
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(TransientError),
        wait=wait_random_exponential(multiplier=0.1, max=2.0),
        stop=stop_after_delay(seconds),
        reraise=True,
    )

    async def attempt() -> T:  # tenacity awaits what it sees to be a coroutine function, and nothing else
        return await call()

    return await attempts(attempt)
