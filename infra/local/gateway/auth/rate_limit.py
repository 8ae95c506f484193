"""How often something may be tried: a bucket of tokens that fills again over a period, five minutes by default."""

import time
from collections import OrderedDict
from collections.abc import Callable

from infra.local.gateway.auth.errors import AuthError

PERIOD = 300.0  # seconds in which ``limit`` requests are allowed
REQUESTS = ("over_request_rate_limit", "Request rate limit reached")
MAILS = ("over_email_send_rate_limit", "email rate limit exceeded")
ADDRESSES_MAX = 10_000


class RateLimit:
    """At most ``limit`` requests of one address per period, all at once or spread."""

    def __init__(
        self,
        limit: int,
        clock: Callable[[], float] = time.monotonic,
        period: float = PERIOD,
        refusal: tuple[str, str] = REQUESTS,
    ) -> None:
        self._limit, self._clock, self._period, self._refusal = limit, clock, period, refusal
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # address → (tokens left, at time)

    def take(self, address: str) -> None:
        """Count a request; raises AuthError (429) if the address has none left."""
        now = self._clock()
        left, since = self._buckets.pop(address, (float(self._limit), now))
        left = min(float(self._limit), left + (now - since) * self._limit / self._period)
        self._buckets[address] = (max(left - 1, 0.0), now) if left >= 1 else (left, now)
        if len(self._buckets) > ADDRESSES_MAX:
            self._buckets.popitem(last=False)
        if left < 1:
            raise AuthError(429, *self._refusal)
