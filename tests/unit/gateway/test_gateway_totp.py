"""One-time passwords of authenticator apps."""

import base64

import pytest

from infra.local.gateway.auth import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert totp.code_at(SECRET, seconds) == code  # RFC 6238, appendix B, last six digits


def test_a_clock_may_be_one_period_off_and_no_more() -> None:
    code = totp.code_at(SECRET, 1_000_000_000)
    for shift, good in ((-60, False), (-30, True), (0, True), (30, True), (60, False)):
        assert totp.matches(SECRET, code, 1_000_000_000 + shift) is good
    assert not totp.matches(SECRET, "é" * 6, 1_000_000_000)


def test_secrets_are_new_each_time_and_fit_an_address() -> None:
    one, other = totp.new_secret(), totp.new_secret()
    assert one != other
    address = totp.address(one, "a site:1", "me+you@example.com")
    assert address.startswith("otpauth://totp/a%20site:1:me%2Byou@example.com?")
    assert totp.picture(address).startswith("<svg")
