"""Redis as an accelerator: `Cache`. Down, slow or absent, it is a miss and never an error."""

import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import TypeVar, cast

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

T = TypeVar("T")

PATIENCE_SECONDS = 0.25
REST_SECONDS = 5.0  # after a failure Redis is left alone this long, so that an outage costs nothing

log = structlog.get_logger()


class RedisCache:
    """Implements `Cache`. `url` None: there is no cache."""

    def __init__(self, url: str | None) -> None:
        self._redis = url and redis.from_url(
            url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS, retry=None
        )
        self._rests_until = 0.0

    async def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """The values of the keys."""
        missing: list[bytes | None] = [None] * len(keys)
        if not self._redis or not keys:
            return missing
        return await self._tried(cast(Awaitable[list[bytes | None]], self._redis.mget(keys)), missing)

    async def put(self, values: Mapping[str, bytes], seconds: int) -> None:
        """Keep values for a while."""
        if not self._redis or not values:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for key, value in values.items():
            pipeline.set(key, value, ex=seconds)
        await self._tried(pipeline.execute(), [])

    async def _tried(self, call: Awaitable[T], otherwise: T) -> T:
        if time.monotonic() < self._rests_until:
            _discard(call)
            return otherwise
        try:
            return await call
        except (RedisError, OSError) as error:
            log.warning("cache_down", error=repr(error), rests_seconds=REST_SECONDS)
            self._rests_until = time.monotonic() + REST_SECONDS
            return otherwise

    async def close(self) -> None:
        """Close the connections."""
        if self._redis:
            await self._redis.aclose()


def _discard(call: Awaitable[object]) -> None:
    close = getattr(call, "close", None)
    if close:
        close()  # a coroutine that is never awaited would warn
