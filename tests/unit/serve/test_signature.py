"""Webhook signatures."""

import base64

import pytest

from functions.serve.refusal import Refusal
from functions.serve.signature import key_of, sign, verify

# The vector that the reference libraries are tested with: https://github.com/standard-webhooks/standard-webhooks
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE, TIMESTAMP = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330"
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def headers(signature: str = SIGNATURE) -> dict[str, str]:
    return {"webhook-id": MESSAGE, "webhook-timestamp": TIMESTAMP, "webhook-signature": signature}


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_***", base64.b64encode(bytes(32)).decode()])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        key_of(secret)


def test_one_of_several_signatures_suffices() -> None:
    assert verify(headers(), BODY, key_of(SECRET), int(TIMESTAMP) + 299) == MESSAGE
    assert verify(headers(f"v1a,x {SIGNATURE}"), BODY, key_of(SECRET), int(TIMESTAMP) - 299) == MESSAGE
    with pytest.raises(Refusal, match="does not fit"):
        verify(headers("v1,x " * 8 + SIGNATURE), BODY, key_of(SECRET), int(TIMESTAMP))


@pytest.mark.parametrize("timestamp", ["", "soon", "1e9", "9" * 5000, "-1"])
def test_a_signed_time_that_is_none_is_refused(timestamp: str) -> None:
    signature = sign(key_of(SECRET), MESSAGE, timestamp, BODY)
    with pytest.raises(Refusal, match="older or newer"):
        verify({**headers(signature), "webhook-timestamp": timestamp}, BODY, key_of(SECRET), 1.0)
