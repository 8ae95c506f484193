"""How much one person may ask, counted in Redis for all processes: `Limit`. With Redis down another limit counts.

Reasons: infra/decisions/0085-questions-are-counted-where-they-are-answered.md.
"""

from collections.abc import Awaitable, Sequence
from typing import cast
from uuid import UUID

from redis.asyncio import Redis

from functions.effects.limits import Kind, Window, refusal
from functions.effects.redis_patient import PatientRedis
from schema.ports import Limit

# KEYS: 1 what was asked in the longest window, by the second of Redis's own clock; never more than a limit allows.
# ARGV: what is asked now (empty: only look), then the length and the limit of each window. Gives the number of the
# window that is full, and until when, as text: Redis would cut it to an integer.
_ADMIT = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1e6
local full, wait, longest = 0, 0, 0
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {0, '0'} end
for i = 2, #ARGV, 2 do
    local length, most = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    local first = redis.call('ZREVRANGE', KEYS[1], most - 1, most - 1, 'WITHSCORES')[2]
    local left = first and first + length - now or 0
    if left > wait then full, wait = i / 2, left end
    longest = math.max(longest, length)
end
if full == 0 and ARGV[1] ~= '' then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - longest)
    redis.call('ZADD', KEYS[1], string.format('%.6f', now), ARGV[1])
    redis.call('EXPIRE', KEYS[1], longest)
end
return {full, tostring(wait)}
"""


class RedisLimit:
    """Implements `Limit`, by windows that slide."""

    def __init__(self, redis: PatientRedis, kind: Kind, windows: Sequence[Window], otherwise: Limit) -> None:
        self._redis = redis
        self._kind = kind
        self._windows = windows
        self._otherwise = otherwise

    async def admit(self, person: UUID, asked: UUID | None = None) -> None:
        """Count what is asked, or refuse."""
        if not self._windows:
            return
        counted = await self._redis.tried(lambda r: self._run(r, person, asked), None)
        if counted is None:
            await self._otherwise.admit(person, asked)
        elif counted[0]:
            raise refusal(self._kind, self._windows[counted[0] - 1], counted[1])

    async def _run(self, redis: Redis, person: UUID, asked: UUID | None) -> tuple[int, float]:
        arguments = [str(asked or ""), *(str(each) for window in self._windows for each in window[:2])]
        call = redis.eval(_ADMIT, 1, f"limit:{self._kind.key}:{person}", *arguments)
        full, wait = await cast(Awaitable[Sequence[bytes]], call)
        return int(full), float(wait)
