"""A circuit breaker: a model that keeps failing is left alone for a while, so that nobody waits for it in vain."""

import time
from collections.abc import Callable

import structlog

from schema.ports import Cache

FAILURES = 5  # in a row
REST_SECONDS = 20.0
PROBE_SECONDS = 10.0  # after the rest one call tries, and for so long no other

log = structlog.get_logger()


class Breaker:
    """Counts in this process; that a model rests, processes tell each other through the cache, where there is one."""

    def __init__(self, cache: Cache, now: Callable[[], float] = time.monotonic) -> None:
        self._cache = cache
        self._now = now
        self._failures: dict[str, int] = {}
        self._closed_until: dict[str, float] = {}

    async def allows(self, model: str) -> bool:
        """Whether the model may be called now."""
        if self._now() < self._closed_until.get(model, 0.0):
            return False
        if model in self._closed_until:
            self._closed_until[model] = self._now() + PROBE_SECONDS  # this call finds out
            return True
        [resting] = await self._cache.get([_key(model)])
        return resting is None

    def succeeded(self, model: str) -> None:
        """The model answered."""
        self._failures.pop(model, None)
        self._closed_until.pop(model, None)

    async def failed(self, model: str) -> None:
        """The model did not answer, or broke off."""
        self._failures[model] = self._failures.get(model, 0) + 1
        if self._failures[model] >= FAILURES or model in self._closed_until:
            log.warning("model_rests", model=model, seconds=REST_SECONDS)
            self._closed_until[model] = self._now() + REST_SECONDS
            await self._cache.put({_key(model): b"rests"}, round(REST_SECONDS))


def _key(model: str) -> str:
    return f"breaker:{model}"
