"""How much one person may ask, counted in Redis for all processes: `Limit`. With Redis down nobody is limited.

Reasons: infra/decisions/0085-questions-are-counted-where-they-are-answered.md.
"""

import math
from collections.abc import Awaitable, Sequence
from typing import NamedTuple, cast
from uuid import UUID

from redis.asyncio import Redis

from functions.effects.redis_patient import PatientRedis
from schema.errors import RateLimitedError

MINUTE_SECONDS, DAY_SECONDS = 60, 24 * 3600

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


class Window(NamedTuple):
    """At most so many in so long."""

    seconds: int
    most: int
    name: str


class Kind(NamedTuple):
    """What is counted, and how a refusal speaks of it."""

    key: str
    did: str
    thing: str
    do: str


QUESTIONS = Kind("question", "asked", "question", "ask")
SEARCHES = Kind("search", "searched", "time", "search")


class RedisLimit:
    """Implements `Limit`, by windows that slide."""

    def __init__(self, redis: PatientRedis, kind: Kind, per_minute: int, per_day: int) -> None:
        """Zero is no limit."""
        windows = [Window(MINUTE_SECONDS, per_minute, "minute"), Window(DAY_SECONDS, per_day, "day")]
        self._windows = [window for window in windows if window.most]
        self._redis = redis
        self._kind = kind

    async def admit(self, person: UUID, asked: UUID | None = None) -> None:
        """Count what is asked, or refuse."""
        if not self._windows:
            return
        full, wait = await self._redis.tried(lambda r: self._run(r, person, asked), (0, 0.0))
        if full:
            raise self._refusal(self._windows[full - 1], math.ceil(wait))

    async def _run(self, redis: Redis, person: UUID, asked: UUID | None) -> tuple[int, float]:
        arguments = [str(asked or ""), *(str(each) for window in self._windows for each in window[:2])]
        call = redis.eval(_ADMIT, 1, f"limit:{self._kind.key}:{person}", *arguments)
        full, wait = await cast(Awaitable[Sequence[bytes]], call)
        return int(full), float(wait)

    def _refusal(self, window: Window, seconds: int) -> RateLimitedError:
        did, things = self._kind.did, f"{window.most} {self._kind.thing}{'' if window.most == 1 else 's'}"
        text = f"You have {did} {things} in a {window.name}; {self._kind.do} again in {in_words(seconds)}."
        return RateLimitedError("rate_limited", text, seconds)


def in_words(seconds: int) -> str:
    """A wait, as short as can be: "12 s", "5 min", "3 h"."""
    if seconds < 2 * 60:
        return f"{seconds} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 2 * 60 else f"{math.ceil(minutes / 60)} h"
