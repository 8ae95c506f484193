"""Who is asking: keys and tokens."""

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.local.gateway.keys import FAR_FUTURE, InvalidToken, Keyring, bearer_token

SECRET = "a secret of more than thirty-two characters"
KEYRING = Keyring(SECRET, "sb_publishable_a", "sb_secret_b")


def token(**claims: Any) -> str:
    return KEYRING.sign({"role": "authenticated", "exp": int(time.time()) + 60, **claims})


def reason_of(text: str) -> str:
    with pytest.raises(InvalidToken) as refused:
        KEYRING.verify(text)
    return refused.value.reason


def test_opaque_keys_stand_for_roles() -> None:
    assert KEYRING.claims_of("sb_publishable_a", None) == {"role": "anon", "exp": FAR_FUTURE}
    assert KEYRING.claims_of("sb_secret_b", "Bearer sb_secret_b")["role"] == "service_role"
    with pytest.raises(InvalidToken):
        KEYRING.claims_of("sb_secret_wrong", None)


def test_a_bearer_token_wins_over_the_key() -> None:
    claims = KEYRING.claims_of("sb_secret_b", f"Bearer {token(sub='x')}")
    assert (claims["role"], claims["sub"]) == ("authenticated", "x")


def test_a_persons_token_is_checked_with_the_published_key() -> None:
    text = KEYRING.sign_for_person({"role": "authenticated", "sub": "x", "exp": FAR_FUTURE})
    assert KEYRING.verify(text)["sub"] == "x"
    public = jwt.PyJWK(KEYRING.published)
    assert jwt.get_unverified_header(text) == {"alg": "ES256", "kid": public.key_id, "typ": "JWT"}
    assert jwt.decode(text, public.key, algorithms=["ES256"])["sub"] == "x"
    assert "d" not in KEYRING.published


def test_the_published_key_stays_the_same_and_is_the_projects_own() -> None:
    assert Keyring(SECRET, "a", "b").published == KEYRING.published
    other = Keyring(SECRET + "x", "a", "b")
    assert other.published["x"] != KEYRING.published["x"]
    assert reason_of(other.sign_for_person({"role": "authenticated", "exp": FAR_FUTURE})) == "signature"


def test_the_published_key_is_no_shared_secret() -> None:
    pem = jwt.PyJWK(KEYRING.published).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_part({'alg': 'HS256'})}.{_part({'role': 'service_role', 'exp': FAR_FUTURE})}"
    mac = base64.urlsafe_b64encode(hmac.digest(pem, signed.encode(), "sha256")).decode().rstrip("=")
    assert reason_of(f"{signed}.{mac}") == "signature"


def _part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def test_nothing_is_no_key() -> None:
    with pytest.raises(InvalidToken) as refused:
        KEYRING.claims_of(None, "Basic abc")
    assert refused.value.reason == "missing"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed"),
        ("a.b", "malformed"),
        ("a.b.c", "malformed"),
        (jwt.encode({"role": "x", "exp": FAR_FUTURE}, "", algorithm="none"), "signer"),
        (jwt.encode({"role": "x", "exp": FAR_FUTURE}, SECRET * 2, algorithm="HS512"), "signer"),
        (jwt.encode({"role": "x", "exp": FAR_FUTURE}, SECRET + "x", algorithm="HS256"), "signature"),
        (jwt.encode({"exp": FAR_FUTURE}, SECRET, algorithm="HS256"), "claims"),
        (jwt.encode({"role": "x"}, SECRET, algorithm="HS256"), "claims"),
        (jwt.encode({"role": ["x"], "exp": FAR_FUTURE}, SECRET, algorithm="HS256"), "claims"),
        (jwt.encode({"role": "x", "exp": 1}, SECRET, algorithm="HS256"), "expired"),
    ],
)
def test_refused_tokens(text: str, reason: str) -> None:
    assert reason_of(text) == reason


def test_a_checked_token_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    text = token()
    assert KEYRING.verify(text)["role"] == "authenticated"
    monkeypatch.setattr(time, "time", lambda: FAR_FUTURE)
    assert reason_of(text) == "expired"


def test_claims_handed_out_are_the_callers_own() -> None:
    text = token(sub="x")
    KEYRING.verify(text)["sub"] = "y"
    assert KEYRING.verify(text)["sub"] == "x"


def test_a_permit_is_no_token_and_a_token_no_permit() -> None:
    permit = KEYRING.sign({"url": "bucket/name", "exp": FAR_FUTURE})
    assert KEYRING.claims_of_signed(permit)["url"] == "bucket/name"
    assert reason_of(permit) == "claims"
    with pytest.raises(InvalidToken):
        KEYRING.claims_of_signed(token(url="bucket/name"))


def test_bearer_token() -> None:
    assert bearer_token("bearer  x ") == "x"
    assert bearer_token("Bearer ") is None
    assert bearer_token(None) is None


def test_a_token_need_not_expire_except_for_realtime() -> None:
    lasting = jwt.encode({"sub": "x", "role": "authenticated"}, SECRET, "HS256")
    assert KEYRING.claims_of(None, f"Bearer {lasting}") == {"sub": "x", "role": "authenticated"}
    with pytest.raises(InvalidToken):
        KEYRING.claims_of(None, f"Bearer {lasting}", strict=True)
    for claims in ({"role": "service_role", "exp": 1}, {"role": ["service_role"]}, {"sub": "x"}):
        with pytest.raises(InvalidToken):
            KEYRING.claims_of(jwt.encode(claims, SECRET, "HS256"), None)
