"""Where links of mails may lead."""

from urllib.parse import parse_qs, urlsplit

import pytest

from infra.local.gateway.auth.errors import AuthError
from infra.local.gateway.auth.redirects import Redirects, lead_on, lead_on_refused
from infra.local.gateway.auth.requests import AuthRequest

SITE = "https://app.example.com"


def asked(redirect_to: str = "", referer: str = "") -> AuthRequest:
    query = {"redirect_to": redirect_to} if redirect_to else {}
    return AuthRequest(b"", query, {}, {"referer": referer} if referer else {}, None)


@pytest.mark.parametrize(
    "target", ["https://app.example.com/x?y=1", "http://localhost:3000", "http://127.0.0.1:5173/a", "http://[::1]:1/"]
)
def test_the_site_and_this_machine_are_allowed(target: str) -> None:
    assert Redirects(SITE).choose(asked(target)) == target
    assert Redirects(SITE).choose(asked(referer=target)) == target
    assert Redirects(SITE).choose(asked(), target) == target


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://app.example.com@evil.example",
        "//evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://[::1",
        "localhost",
        "",
    ],
)
def test_what_is_not_allowed_gives_way_to_the_site(target: str) -> None:
    assert Redirects(SITE).choose(asked(target)) == SITE


def test_values_are_added_and_a_line_break_stays_a_value() -> None:
    reply = lead_on("http://localhost/a b?x=1", {"code": "1\r\nset-cookie: a"}, {"k": "ü"})
    place = (reply.headers or {})["location"]
    assert place == "http://localhost/a%20b?x=1&code=1%0D%0Aset-cookie%3A+a#k=%C3%BC"


def test_errors_are_told_in_the_fragment_and_for_challenges_in_the_query_too() -> None:
    error = AuthError(403, "otp_expired", "too late")
    for pkce in (False, True):
        parts = urlsplit((lead_on_refused(SITE, error, pkce).headers or {})["location"])
        told = {"error": ["access_denied"], "error_code": ["otp_expired"], "error_description": ["too late"]}
        assert parse_qs(parts.fragment) == told
        assert parse_qs(parts.query) == (told if pkce else {})
