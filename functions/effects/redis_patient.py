"""Redis as an accelerator: down, slow or absent, it costs next to nothing and is never an error."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from functions.telemetry.metrics import REDIS_DOWN

T = TypeVar("T")

PATIENCE_SECONDS = 0.25
REST_SECONDS = 5.0  # after a failure Redis is left alone this long, so that an outage costs nothing

log = structlog.get_logger()


class PatientRedis:
    """A connection that may be down. `url` None: there is no Redis."""

    def __init__(self, url: str | None) -> None:
        self._redis = url and redis.from_url(
            url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS, retry=None
        )
        self._rests_until = 0.0

    async def tried(self, call: Callable[[redis.Redis], Awaitable[T]], otherwise: T) -> T:
        """What `call` gives, or `otherwise` when Redis does not answer."""
        if not self._redis or time.monotonic() < self._rests_until:
            return otherwise
        try:
            return await call(self._redis)
        except (RedisError, OSError) as error:
            REDIS_DOWN.inc()
            log.warning("redis_down", error=repr(error), rests_seconds=REST_SECONDS)
            self._rests_until = time.monotonic() + REST_SECONDS
            return otherwise

    async def close(self) -> None:
        """Close the connections."""
        if self._redis:
            await self._redis.aclose()
