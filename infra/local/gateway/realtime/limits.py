"""How much one project may do, and meters that tell when it does more.

Figures are Supabase Realtime's defaults; the rates and the number of sockets are ten times and more of what its free
plan allows, as a test run on one machine bursts.
"""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of one server; rates are per second."""

    sockets: int = 10_000
    joins_per_second: int = 1_000
    events_per_second: int = 10_000
    channels_per_socket: int = 100
    payload_bytes: int = 3_000_500
    presence_calls: int = 5
    presence_seconds: float = 30.0
    idle_seconds: float = 60.0
    #: A socket without any channel is ended after this time.
    unused_seconds: float = 600.0


class Meter:
    """Counts events in a sliding window; allows ``limit`` of them in ``seconds``."""

    def __init__(self, limit: int, seconds: float = 1.0) -> None:
        self.limit = limit
        self._seconds = seconds
        self._times: deque[float] = deque()

    def allow(self, now: float) -> bool:
        """Count one event at ``now`` (seconds on any steady clock); False if it is one too many."""
        allowed = self.left(now) > 0
        if allowed:
            self._times.append(now)
        return allowed

    def left(self, now: float) -> int:
        """Return how many more events the window that ends ``now`` allows."""
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        return self.limit - len(self._times)
