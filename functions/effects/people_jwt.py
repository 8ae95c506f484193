"""Who is calling, by the access tokens that Supabase Auth signs: `People`.

Tokens are signed with the project's asymmetric keys, whose public halves Auth publishes, or (older projects) with its
shared secret. Source: https://supabase.com/docs/guides/auth/signing-keys
"""

import asyncio
import time
from typing import Any
from uuid import UUID

import httpx
import jwt
import structlog

from schema.errors import InvalidTokenError, TransientError
from schema.serving import Person

KEEP_SECONDS = 600.0
PAUSE_SECONDS = 10.0  # between two looks for a key that is not there: anybody can invent a key's name
TIMEOUT_SECONDS = 5.0
MOST_CHARACTERS = 8192
AUDIENCE = ROLE = "authenticated"
# What a token may be signed with, and the type of key that takes. A shared secret never comes from the published keys.
SHARED = "HS256"
KEY_TYPES = {"ES256": "EC", "RS256": "RSA", "EdDSA": "OKP"}

log = structlog.get_logger()


class JwtPeople:
    """Implements `People`. `shared_secret` None: only the published keys count."""

    def __init__(self, supabase_url: str, shared_secret: str | None, http: httpx.AsyncClient) -> None:
        self._shared_secret = shared_secret
        self._published = _PublishedKeys(f"{supabase_url}/auth/v1/.well-known/jwks.json", http)

    async def identify(self, token: str) -> Person:
        """The person whom a token speaks for."""
        algorithm, key_id = _header(token)
        key = await self._key(algorithm, key_id)
        claims = _claims(token, algorithm, key)
        if claims.get("role") != ROLE:
            raise InvalidTokenError("This takes a signed-in person's access token, not a key of the project.")
        try:
            return Person(UUID(claims["sub"]), token, float(claims["exp"]))
        except ValueError as error:
            raise InvalidTokenError("The token names no person.") from error

    async def _key(self, algorithm: str, key_id: str) -> Any:
        if algorithm in KEY_TYPES:
            return await self._published.find(algorithm, key_id)
        if self._shared_secret is None:
            log.warning("token_refused", reason="it is signed with the project's shared secret; JWT_SECRET is not set")
            raise InvalidTokenError("The token is signed with a key that is not accepted here.")
        return self._shared_secret


class _PublishedKeys:
    """The keys that Auth publishes."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url = url
        self._http = http
        self._keys: dict[str, dict[str, Any]] = {}
        self._loaded_at = float("-inf")
        self._loading = asyncio.Lock()

    async def find(self, algorithm: str, key_id: str) -> Any:
        """The key of this name, if it is one for the algorithm."""
        async with self._loading:
            age = time.monotonic() - self._loaded_at
            if age > KEEP_SECONDS or (key_id not in self._keys and age > PAUSE_SECONDS):
                await self._load()
        key = self._keys.get(key_id)
        if key is None or key.get("kty") != KEY_TYPES[algorithm]:
            raise InvalidTokenError("The token is signed with a key that this project does not have.")
        return jwt.PyJWK(key, algorithm).key

    async def _load(self) -> None:
        try:
            reply = (await self._http.get(self._url, timeout=TIMEOUT_SECONDS)).raise_for_status().json()
            self._keys = {str(key["kid"]): key for key in reply["keys"] if "kid" in key}
            self._loaded_at = time.monotonic()
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            if not self._keys:
                raise TransientError("auth_unreachable", "The sign-in service cannot be reached.") from error
            log.warning("signing_keys_not_renewed", error=repr(error))  # the known ones will do for the moment
            self._loaded_at = time.monotonic() - KEEP_SECONDS + PAUSE_SECONDS


def _header(token: str) -> tuple[str, str]:
    """Algorithm and key name; nothing of this is to be believed yet."""
    try:
        if len(token) > MOST_CHARACTERS:
            raise InvalidTokenError("The token is too long.")
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise InvalidTokenError("This takes a signed-in person's access token; what came is none.") from error
    algorithm = str(header.get("alg"))
    if algorithm != SHARED and algorithm not in KEY_TYPES:
        raise InvalidTokenError("The token is signed in a way that is not accepted here.")
    return algorithm, str(header.get("kid"))


def _claims(token: str, algorithm: str, key: Any) -> dict[str, Any]:
    # Clocks differ: a token may seem to have been issued in the future.
    options: Any = {"require": ["exp", "sub"], "verify_iat": False}
    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=[algorithm], audience=AUDIENCE, options=options)
    except jwt.ExpiredSignatureError as error:
        raise InvalidTokenError("The session has ended; sign in again.") from error
    except (jwt.InvalidTokenError, ValueError) as error:
        raise InvalidTokenError(f"The token was refused: {error}.") from error
    return claims
