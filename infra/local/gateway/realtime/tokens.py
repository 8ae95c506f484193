"""Whose claims a socket or a channel acts with, and what Realtime says when a token will not do."""

from collections.abc import Mapping
from typing import Any

from infra.local.gateway.keys import InvalidToken, Keyring
from infra.local.gateway.realtime.joining import JoinRefusedError

Claims = dict[str, Any]
OPAQUE = "sb_"
_CODES = {
    "malformed": "MalformedJWT",
    "key": "MalformedJWT",
    "signature": "JwtSignatureError",
    "signer": "JwtSignerError",
}


def connection_claims(keyring: Keyring, headers: Mapping[str, str], query: Mapping[str, str]) -> Claims:
    """Return the claims of a socket's key: header ``x-api-key``, else query ``apikey``. Raises InvalidToken."""
    return keyring.claims_of(headers.get("x-api-key") or query.get("apikey"), None, strict=True)


def channel_claims(keyring: Keyring, token: str | None, connection: Claims) -> Claims:
    """Return a channel's claims: its own token's, without one the connection's. Raises JoinRefusedError."""
    if is_ignored(token):
        return connection
    try:
        return keyring.verify(token or "")
    except InvalidToken as error:
        raise JoinRefusedError(f"{_CODES.get(error.reason, 'InvalidJWTToken')}: {error}") from None


def is_ignored(token: Any) -> bool:
    """Tell whether a token leaves the claims as they are: none given, or an opaque key."""
    return not isinstance(token, str) or token.startswith(OPAQUE)


def expired_text(exp: float, now: float) -> str:
    """Return what a channel is told when its token has run out."""
    return f"Token has expired {max(0, int(now - exp))} seconds ago"
