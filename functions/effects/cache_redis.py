"""Redis as a cache: `Cache`. Down, slow or absent, it is a miss and never an error."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import cast

from redis.asyncio.client import Pipeline

from functions.effects.redis_patient import PatientRedis
from functions.telemetry.metrics import CACHE


class RedisCache:
    """Implements `Cache`. `url` None: there is no cache."""

    def __init__(self, url: str | None) -> None:
        self._redis = PatientRedis(url)

    async def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """The values of the keys."""
        missing: list[bytes | None] = [None] * len(keys)
        if not keys:
            return missing
        found = await self._redis.tried(lambda r: cast(Awaitable[list[bytes | None]], r.mget(keys)), missing)
        hits, kind = sum(value is not None for value in found), keys[0].partition(":")[0]
        CACHE.labels(kind, "hit").inc(hits)
        CACHE.labels(kind, "miss").inc(len(found) - hits)
        return found

    async def put(self, values: Mapping[str, bytes], seconds: int) -> None:
        """Keep values for a while."""
        if values:
            await self._redis.tried(lambda r: _put(r.pipeline(transaction=False), values, seconds), None)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.close()


async def _put(pipeline: Pipeline, values: Mapping[str, bytes], seconds: int) -> None:
    for key, value in values.items():
        pipeline.set(key, value, ex=seconds)
    await pipeline.execute()
