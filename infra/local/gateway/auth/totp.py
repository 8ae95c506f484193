"""Time-based one-time passwords (RFC 6238) as authenticator apps make them: SHA-1, 6 digits, 30 seconds."""

import base64
import hashlib
import hmac
import io
import secrets
import struct
from urllib.parse import quote, urlencode

import segno

PERIOD = 30  # seconds
DIGITS = 6
SECRET_BYTES = 20
SKEW = (0, -1, 1)  # periods by which a clock may be off


def new_secret() -> str:
    """Return a secret in base32, without padding."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode().rstrip("=")


def code_at(secret: str, seconds: float) -> str:
    """Return the code at an instant (Unix seconds)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(seconds // PERIOD)), hashlib.sha1)
    start = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matches(secret: str, code: str, seconds: float) -> bool:
    """Tell whether ``code`` is good now, or was or will be a period away."""
    return any(hmac.compare_digest(code_at(secret, seconds + shift * PERIOD).encode(), code.encode()) for shift in SKEW)


def address(secret: str, issuer: str, account: str) -> str:
    """Return the address that an authenticator app reads."""
    label = quote(f"{issuer}:{account}", safe=":@")
    asked = {"algorithm": "SHA1", "digits": DIGITS, "issuer": issuer, "period": PERIOD, "secret": secret}
    return f"otpauth://totp/{label}?{urlencode(asked)}"


def picture(text: str) -> str:
    """Return a QR code as an SVG image."""
    drawn = io.BytesIO()
    segno.make_qr(text).save(drawn, kind="svg", scale=4, xmldecl=False)
    return drawn.getvalue().decode()
