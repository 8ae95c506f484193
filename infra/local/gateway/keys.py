"""API keys and JSON Web Tokens: who is asking.

Mapping of keys to claims as hosted Supabase's edge does it: an opaque publishable or secret key stands for the
``anon`` or ``service_role`` claims, a JWT speaks for itself.
"""

import hmac
import time
import uuid
from functools import lru_cache
from typing import Any, Literal

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.algorithms import ECAlgorithm

Reason = Literal["missing", "malformed", "signer", "signature", "claims", "expiry", "expired", "key"]
SHARED, PUBLISHED = "HS256", "ES256"
CURVE = ec.SECP256R1()
FAR_FUTURE = 4102444800  # 2100-01-01, the expiry of opaque keys, in Unix seconds
CHECKED_MAX = 512  # tokens whose signature need not be computed again
OPAQUE_PREFIX = "sb_"
MALFORMED = "The token provided is not a valid JWT"


class InvalidToken(Exception):
    """A token was refused; ``str()`` is the text to show, ``reason`` the kind of fault for code to choose on."""

    def __init__(self, message: str, reason: Reason) -> None:
        super().__init__(message)
        self.reason = reason


class Keyring:
    """The project's signing keys and its two opaque API keys.

    People's tokens are signed with an elliptic curve key whose public half is published, as new projects on hosted
    Supabase do; tokens signed with the JWT secret, as older ones do, count as well.
    https://supabase.com/docs/guides/auth/signing-keys
    """

    def __init__(self, jwt_secret: str, publishable: str, secret: str) -> None:
        self._jwt_secret = jwt_secret
        self._signing_key = _signing_key(jwt_secret)
        public_key = self._signing_key.public_key()
        self._checks: dict[str, str | ec.EllipticCurvePublicKey] = {SHARED: jwt_secret, PUBLISHED: public_key}
        public = ECAlgorithm.to_jwk(public_key, as_dict=True)
        self._key_id = str(uuid.uuid5(uuid.NAMESPACE_OID, public["x"]))
        self.published = {**public, "kid": self._key_id, "alg": PUBLISHED, "use": "sig", "key_ops": ["verify"]}
        self._opaque = ((publishable.encode(), "anon"), (secret.encode(), "service_role"))
        self._checked = lru_cache(maxsize=CHECKED_MAX)(self._decode)

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a JWT under the shared secret that carries ``claims`` as they are."""
        return jwt.encode(claims, self._jwt_secret, algorithm=SHARED)

    def sign_for_person(self, claims: dict[str, Any]) -> str:
        """Return a JWT that anybody can check with the published key."""
        return jwt.encode(claims, self._signing_key, algorithm=PUBLISHED, headers={"kid": self._key_id})

    def verify(self, token: str) -> dict[str, Any]:
        """Return the checked claims of a JWT as Realtime wants it, with ``role`` and ``exp``; raises InvalidToken."""
        claims = dict(self._checked(token.strip()))
        if not isinstance(claims.get("role"), str) or claims.get("exp") is None:
            raise InvalidToken("Fields `role` and `exp` are required in JWT", "claims")
        check_expiry(claims["exp"], time.time())
        return claims

    def read(self, token: str) -> dict[str, Any]:
        """Return the checked claims of a JWT as everyone else wants it; raises InvalidToken.

        No clock leeway; ``role`` is required, since a token that permits one thing alone, such as a download,
        has none; ``aud``, ``iss`` and ``nbf`` are not checked; a token without ``exp`` does not expire.
        """
        claims = dict(self._checked(token.strip()))
        if not isinstance(claims.get("role"), str):
            raise InvalidToken("Field `role` is required in JWT", "claims")
        if claims.get("exp") is not None:
            check_expiry(claims["exp"], time.time())
        return claims

    def claims_of_signed(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that permits one thing, such as a download; it names no role.

        The caller checks expiry and purpose. Raises InvalidToken.
        """
        claims = self._decode(token.strip())
        if "role" in claims:
            raise InvalidToken(MALFORMED, "claims")
        return claims

    def claims_of(self, apikey: str | None, authorization: str | None, strict: bool = False) -> dict[str, Any]:
        """Return the claims that a request's ``apikey`` and ``Authorization`` headers stand for.

        A bearer JWT wins; an opaque bearer token gives way to the API key. ``strict`` as Realtime. Raises InvalidToken.
        """
        bearer = bearer_token(authorization)
        token = bearer if bearer and not bearer.startswith(OPAQUE_PREFIX) else (apikey or bearer)
        if not token:
            raise InvalidToken("API key is missing", "missing")
        return self.claims_of_key(token, strict)

    def claims_of_key(self, key: str, strict: bool = False) -> dict[str, Any]:
        """Return the claims of one key: opaque key or JWT (``strict`` as Realtime wants it). Raises InvalidToken."""
        role = self.opaque_role(key)
        if role is not None:
            return {"role": role, "exp": FAR_FUTURE}
        if key.startswith(OPAQUE_PREFIX):
            raise InvalidToken(MALFORMED, "key")
        return self.verify(key) if strict else self.read(key)

    def opaque_role(self, key: str) -> str | None:
        """Return ``anon`` or ``service_role`` if ``key`` is one of the opaque keys; compares in constant time."""
        candidate = key.encode()
        return next((role for known, role in self._opaque if hmac.compare_digest(known, candidate)), None)

    def _decode(self, token: str) -> dict[str, Any]:
        options: Any = {
            "verify_exp": False,
            "verify_aud": False,
            "verify_iss": False,
            "verify_nbf": False,
            "verify_iat": False,
            "verify_sub": False,
            "verify_jti": False,
        }
        try:
            algorithm = str(jwt.get_unverified_header(token).get("alg"))
            key = self._checks.get(algorithm)
            if key is None:
                raise jwt.InvalidAlgorithmError(algorithm)
            claims: dict[str, Any] = jwt.decode(token, key, algorithms=[algorithm], options=options)
        except jwt.InvalidAlgorithmError as error:
            raise InvalidToken(
                "Failed to generate JWT signer, check your JWT secret or JWKS configuration", "signer"
            ) from error
        except jwt.InvalidSignatureError as error:
            raise InvalidToken("Failed to validate JWT signature", "signature") from error
        except (jwt.InvalidTokenError, ValueError) as error:
            raise InvalidToken(MALFORMED, "malformed") from error
        return claims


def _signing_key(jwt_secret: str) -> ec.EllipticCurvePrivateKey:
    """The project's private key, made of its secret: whoever has that may sign anyway, and so there is one to keep."""
    derived = HKDF(hashes.SHA256(), length=48, salt=None, info=b"signing key of people's tokens").derive(
        jwt_secret.encode()
    )
    # 16 bytes more than the order has, so that no number is likelier than another.
    return ec.derive_private_key(int.from_bytes(derived) % (CURVE.group_order - 1) + 1, CURVE)


def bearer_token(authorization: str | None) -> str | None:
    """Return the token of an ``Authorization: Bearer …`` header value, None if there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def check_expiry(exp: object, now: float) -> None:
    """Raise InvalidToken unless ``exp`` (Unix seconds, may be fractional) lies after ``now``."""
    if isinstance(exp, bool) or not isinstance(exp, (int, float)):
        raise InvalidToken("Token expiration time is invalid", "expiry")
    if not exp > now:
        raise InvalidToken(f"Token has expired {int(now - exp)} seconds ago", "expired")
