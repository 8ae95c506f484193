"""How often one address may try."""

import pytest

from infra.local.gateway.auth.errors import AuthError
from infra.local.gateway.auth.rate_limit import MAILS, PERIOD, RateLimit


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


def test_a_limit_has_a_period_and_words_of_its_own() -> None:
    now = [0.0]
    limit = RateLimit(1, lambda: now[0], period=3600.0, refusal=MAILS)
    limit.take("")
    now[0] += 3599
    with pytest.raises(AuthError) as refused:
        limit.take("")
    assert refused.value.code == "over_email_send_rate_limit"
    now[0] += 2
    limit.take("")
