"""One budget of a model for all processes, in Redis: `Budget`. With Redis down each process keeps one of its own."""

from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from functions.effects.budget import (
    BURST_SECONDS,
    ONE_REFUSAL_SECONDS,
    PATIENCE_SECONDS,
    RECOVERY_SECONDS,
    SLOWED_BY,
    SLOWEST,
    LocalBudget,
)
from functions.effects.redis_patient import PatientRedis

# KEYS: 1 a sorted set of tenants by the instant at which their share is used up, 2 a hash of the pace.
# Seconds by Redis's own clock. Numbers go back as text: Redis would cut them to integers.
_PACE = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1e6
local slow = redis.call('HMGET', KEYS[2], 'pace', 'at', 'blocked')
local paced_at = tonumber(slow[2] or 0)
local blocked = tonumber(slow[3] or 0)
local function pace()
    return math.min(1, tonumber(slow[1] or 1) + (now - paced_at) * (1 - ARGV[1]) / ARGV[2])
end
"""
_RESERVE = (
    _PACE
    + """
local tenant, tokens, rate = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local burst, patience = tonumber(ARGV[6]), tonumber(ARGV[7])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - burst)
local used = redis.call('ZSCORE', KEYS[1], tenant)
local begin = math.max(tonumber(used or 0), now - burst, blocked)
if begin - now > patience then return tostring(now - begin) end
local others = redis.call('ZCARD', KEYS[1]) - (used and 1 or 0)
local until_ = begin + tokens / (rate * pace() / (others + 1))
redis.call('ZADD', KEYS[1], string.format('%.6f', until_), tenant)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
redis.call('PEXPIRE', KEYS[1], math.ceil((last - now + burst) * 1000))
return tostring(math.max(0, begin - now))
"""
)
_REFUSED = (
    _PACE
    + """
blocked = math.max(blocked, now + ARGV[3])
if now - paced_at >= tonumber(ARGV[5]) then
    local slower = math.max(tonumber(ARGV[1]), pace() * ARGV[4])
    redis.call('HSET', KEYS[2], 'pace', tostring(slower), 'at', string.format('%.6f', now))
end
redis.call('HSET', KEYS[2], 'blocked', string.format('%.6f', blocked))
redis.call('PEXPIRE', KEYS[2], math.ceil((blocked - now + ARGV[2]) * 1000))
return '0'
"""
)
_BLOCKED = _PACE + "return tostring(math.max(0, blocked - now))"


class RedisBudget:
    """Implements `Budget`."""

    def __init__(self, redis: PatientRedis, model: str, tokens_per_minute: int) -> None:
        self._redis = redis
        self._keys = (f"budget:{{{model}}}:tenants", f"budget:{{{model}}}:pace")
        self._rate = tokens_per_minute / 60
        self._own = LocalBudget(tokens_per_minute)

    async def reserve(self, tenant: str, tokens: int) -> float:
        """Reserve a share."""
        reply = await self._run(_RESERVE, tenant, tokens, self._rate, BURST_SECONDS, PATIENCE_SECONDS)
        return await self._own.reserve(tenant, tokens) if reply is None else reply

    async def blocked(self) -> float:
        """Seconds until the block ends."""
        reply = await self._run(_BLOCKED)
        return await self._own.blocked() if reply is None else reply

    async def refused(self, seconds: float) -> None:
        """Block, and slow down; here too, in case Redis goes down meanwhile."""
        await self._own.refused(seconds)
        await self._run(_REFUSED, seconds, SLOWED_BY, ONE_REFUSAL_SECONDS)

    async def _run(self, script: str, *values: str | float) -> float | None:
        async def call(redis: Redis) -> float:
            arguments = [str(value) for value in (SLOWEST, RECOVERY_SECONDS, *values)]
            return float(await cast(Awaitable[bytes], redis.eval(script, len(self._keys), *self._keys, *arguments)))

        return await self._redis.tried(call, None)
