"""How much a model may be asked: a rate in tokens, fairly shared by tenants, slower for a while after a refusal.

Reasons: infra/decisions/0042-one-budget-for-a-model.md.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from schema.errors import RateLimitedError

BURST_SECONDS = 1.0  # of its share that a tenant may have saved up
PATIENCE_SECONDS = 30.0  # a share that begins later than this is not reserved
REFUSED_WITHOUT_A_TIME_SECONDS = 2.0  # patience with a provider that names none
SLOWEST = 0.1  # of the rate, after however many refusals
SLOWED_BY = 0.7  # each refusal takes the rate down to this part of it
RECOVERY_SECONDS = 60.0  # from the slowest to the full rate
ONE_REFUSAL_SECONDS = 1.0  # refusals so close together are one: they answer requests sent at the same rate


class Budget(Protocol):
    """Grants requests to one model."""

    async def reserve(self, tenant: str, tokens: int) -> float:
        """Seconds to wait before this much may be sent. Negative: as many, which is too long; nothing is reserved."""

    async def blocked(self) -> float:
        """Seconds until anything may be sent: the provider has asked for patience."""

    async def refused(self, seconds: float) -> None:
        """The provider refused a request and wants none for so long: everyone waits, and is slower afterwards."""


async def wait_for_share(budget: Budget, tenant: str, tokens: int) -> None:
    """Wait for the tenant's share; for another one if the provider refused somebody meanwhile.

    `RateLimitedError` if that would take too long.
    """
    granted = False
    while not granted:
        wait = await budget.reserve(tenant, tokens)
        if wait < 0:
            raise RateLimitedError("model_busy", "The model is busy.", -wait)
        await asyncio.sleep(wait)
        granted = wait == 0 or await budget.blocked() == 0


def estimated_tokens(text: str) -> int:
    """What a text costs, near enough to share a rate by."""
    return len(text) // 4 + 1


@dataclass
class LocalBudget:
    """Implements `Budget` for one process: the arithmetic of `RedisBudget`, whose place it takes when Redis is down.

    Each tenant has a virtual time at which its share is used up; a request moves it on by its cost at the tenant's
    share of the rate. Tenants count as long as theirs lies ahead (and a moment longer).
    """

    tokens_per_minute: int
    clock: Callable[[], float] = time.monotonic
    _used_until: dict[str, float] = field(default_factory=dict)
    _blocked_until: float = 0.0
    _pace: float = 1.0
    _paced_at: float = 0.0

    async def reserve(self, tenant: str, tokens: int) -> float:
        """Reserve a share."""
        now = self.clock()
        used = {t: at for t, at in self._used_until.items() if at > now - BURST_SECONDS}
        begin = max(used.get(tenant, now - BURST_SECONDS), now - BURST_SECONDS)
        begin = max(begin, self._blocked_until)
        if begin - now > PATIENCE_SECONDS:
            return now - begin
        share = self.tokens_per_minute / 60 * self._pace_at(now) / len(used.keys() | {tenant})
        self._used_until = used | {tenant: begin + tokens / share}
        return max(0.0, begin - now)

    async def blocked(self) -> float:
        """Seconds until the block ends."""
        return max(0.0, self._blocked_until - self.clock())

    async def refused(self, seconds: float) -> None:
        """Block, and slow down."""
        now = self.clock()
        self._blocked_until = max(self._blocked_until, now + seconds)
        if now - self._paced_at >= ONE_REFUSAL_SECONDS:
            self._pace, self._paced_at = max(SLOWEST, self._pace_at(now) * SLOWED_BY), now

    def _pace_at(self, now: float) -> float:
        return min(1.0, self._pace + (now - self._paced_at) * (1 - SLOWEST) / RECOVERY_SECONDS)
