"""Signatures of webhooks, as https://www.standardwebhooks.com defines them.

Headers: `webhook-id` names the message and stays the same when it is sent again, `webhook-timestamp` is the time of
this attempt in Unix seconds, and `webhook-signature` holds one or more signatures, separated by spaces: `v1,` and the
base64 of HMAC-SHA256 over `<id>.<timestamp>.<body>`. The secret is `whsec_` and the key in base64.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from functions.serve.refusal import Refusal

WINDOW_SECONDS = 300.0
MOST_SIGNATURES = 8
PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key in a secret. Raises `ValueError` if it is not `whsec_` and 24 to 64 bytes in base64."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("must be whsec_ and random bytes in base64") from error
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("must be whsec_ and 24 to 64 random bytes in base64")
    return key


def sign(key: bytes, message: str, timestamp: str, body: bytes) -> str:
    """The signature of a message."""
    digest = hmac.digest(key, b"%s.%s.%s" % (message.encode(), timestamp.encode(), body), hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def verify(headers: Mapping[str, str], body: bytes, key: bytes, now: float) -> str:
    """The id of a message that was signed with the key, not long ago. Raises `Refusal`."""
    message, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    expected = sign(key, message, timestamp, body).encode()
    offered = headers.get("webhook-signature", "").split(" ")[:MOST_SIGNATURES]
    if not message or not any(hmac.compare_digest(expected, each.encode()) for each in offered):
        raise Refusal(401, "bad_signature", "The webhook's signature does not fit its content.")
    if not timestamp.isdecimal() or len(timestamp) > 12 or abs(now - int(timestamp)) > WINDOW_SECONDS:
        raise Refusal(401, "late", f"The webhook is older or newer than {WINDOW_SECONDS:.0f} seconds.")
    return message
