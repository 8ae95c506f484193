"""How often one address may try."""

import pytest

from infra.local.gateway.auth.errors import AuthError
from infra.local.gateway.auth.rate_limit import PERIOD, RateLimit


def test_a_bucket_empties_and_fills_again() -> None:
    now = [0.0]
    limit = RateLimit(3, lambda: now[0])
    for _ in range(3):
        limit.take("a")
    with pytest.raises(AuthError) as refused:
        limit.take("a")
    assert (refused.value.status, refused.value.code) == (429, "over_request_rate_limit")
    limit.take("b")
    now[0] += PERIOD / 3
    limit.take("a")
    with pytest.raises(AuthError):
        limit.take("a")
    now[0] += 10 * PERIOD
    for _ in range(3):
        limit.take("a")
    with pytest.raises(AuthError):
        limit.take("a")
