"""Ends in order when the host says so: first the jobs, then the server."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType

import structlog

log = structlog.get_logger()


def end_in_order(finish: Callable[[], Awaitable[None]]) -> None:
    """On SIGTERM await `finish`, then do what the process would have done at once: its server stops serving.

    Needs a running event loop. In any other than the main thread signals are not ours.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    usual = signal.getsignal(signal.SIGTERM)

    async def end() -> None:
        log.info("ending")
        try:
            await finish()
        finally:
            signal.signal(signal.SIGTERM, usual)
            os.kill(os.getpid(), signal.SIGTERM)

    def begin(_: int, __: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, usual)  # told twice: at once
        loop.call_soon_threadsafe(lambda: ending.append(loop.create_task(end(), name="end in order")))

    ending: list[asyncio.Task[None]] = []
    signal.signal(signal.SIGTERM, begin)
