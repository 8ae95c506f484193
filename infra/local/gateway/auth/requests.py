"""A request to Auth, and who sends it."""

from dataclasses import dataclass
from typing import Any

from infra.local.gateway.auth.errors import AuthError
from infra.local.gateway.auth.users import User, by_id, read_object
from infra.local.gateway.keys import InvalidToken, Keyring, bearer_token
from infra.local.gateway.transaction import Transaction

UNPARSABLE = "invalid JWT: unable to parse or verify signature, "


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """One request: its body (an object), query and path parameters, headers, and the client's address."""

    body: bytes
    query: dict[str, str]
    path: dict[str, str]
    headers: dict[str, str]
    address: str | None

    def document(self) -> dict[str, Any]:
        """Return the body; raises AuthError if it is no JSON object."""
        return read_object(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """What Auth answers: a JSON document, or nothing."""

    document: Any = None
    status: int = 200
    headers: dict[str, str] | None = None


class Gatekeeper:
    """Tells who sends a request."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def need_admin(self, request: AuthRequest) -> None:
        """Raise AuthError unless the request carries the secret key or a token of the service role."""
        try:
            claims = self._keyring.claims_of(request.headers.get("apikey"), request.headers.get("authorization"))
        except InvalidToken as error:
            raise _bad_jwt(error) from None
        if claims["role"] not in ("service_role", "supabase_admin"):
            raise AuthError(403, "not_admin", "User not allowed")

    async def need_user(self, work: Transaction, request: AuthRequest) -> tuple[User, dict[str, Any]]:
        """Return the signed-in person and the claims of their token; raises AuthError."""
        claims = self._claims(request)
        user = await by_id(work, claims["sub"]) if _is_text(claims.get("sub")) else None
        if not _is_text(claims.get("sub")):
            raise AuthError(403, "bad_jwt", "invalid claim: missing sub claim")
        if user is None:
            raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
        session = claims.get("session_id")
        if session and not await work.row("select to_json(true) from auth.sessions where id = $1", str(session)):
            raise AuthError(403, "session_not_found", "Session from session_id claim in JWT does not exist")
        return user, claims

    def _claims(self, request: AuthRequest) -> dict[str, Any]:
        token = bearer_token(request.headers.get("authorization"))
        if token is None:
            raise AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token")
        try:
            return self._keyring.read(token)
        except InvalidToken as error:
            raise _bad_jwt(error) from None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _bad_jwt(error: InvalidToken) -> AuthError:
    told = {
        "expired": "token has invalid claims: token is expired",
        "signature": "token signature is invalid: signature is invalid",
        "malformed": "token is malformed: token contains an invalid number of segments",
    }
    return AuthError(403, "bad_jwt", UNPARSABLE + told.get(error.reason, str(error)))
