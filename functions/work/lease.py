"""Keeps the leases of running jobs, from a thread that a busy event loop cannot starve."""

import asyncio
import threading

import structlog

from functions.telemetry.metrics import BEATS_UNANSWERED
from functions.work.running import RunningJobs
from schema.errors import TransientError
from schema.ports import Beats

BEAT_SECONDS = 10.0  # a third of the lease
AGAIN_SECONDS = 1.0  # after a beat that nobody answered

log = structlog.get_logger()


class LeaseKeeper:
    """Beats for every running job, and interrupts those that are lost or cancelled."""

    def __init__(
        self,
        beats: Beats,
        running: RunningJobs,
        loop: asyncio.AbstractEventLoop,
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._beats = beats
        self._running = running
        self._loop = loop
        self._beat_seconds = beat_seconds
        self._nudged = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="lease keeper", daemon=True)

    def start(self) -> None:
        """Start beating."""
        self._thread.start()

    def nudge(self) -> None:
        """Beat now: a job may have been cancelled."""
        self._nudged.set()

    def stop(self) -> None:
        """Stop beating and wait for the thread."""
        self._ended = True
        self._nudged.set()
        self._thread.join()

    def _run(self) -> None:
        pause = self._beat_seconds
        while not self._ended:
            self._nudged.wait(pause)
            self._nudged.clear()
            pause = self._beat_seconds if self._beat() else min(self._beat_seconds, AGAIN_SECONDS)

    def _beat(self) -> bool:
        claims = self._running.claims()
        if not claims or self._ended:
            return True
        try:
            answers = self._beats.beat(claims)
        except TransientError as error:
            BEATS_UNANSWERED.inc()
            log.warning("heartbeat_unanswered", jobs=len(claims), error=error.message)
            return False
        for claim in claims:
            if beat := answers.get(claim.id):
                self._loop.call_soon_threadsafe(self._running.heed, claim, beat)
        return True
