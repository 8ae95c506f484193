"""How a process that is measured speaks with whoever measures it: lines on standard input and output."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable

_TELL = os.environ.get("BENCH_TELL_STARTS") == "1"


def wait_for_go() -> None:
    """Say that all is prepared, and wait to be started."""
    _say("ready")
    sys.stdin.readline()


def started() -> None:
    """Called by every no-op job: tells when it started, by the clock that all processes of a machine share."""
    if _TELL:
        _say(str(time.monotonic()))


async def serve_puts(put: Callable[[int], Awaitable[object]]) -> None:
    """Enqueue as many jobs as each line says; answers with the time at which it began."""
    _say("ready")
    while line := await asyncio.to_thread(sys.stdin.readline):
        began = time.monotonic()
        await put(int(line))
        _say(str(began))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
