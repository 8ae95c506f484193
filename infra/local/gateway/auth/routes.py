"""``/auth/v1``: from HTTP to Auth's endpoints and back."""

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import orjson
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from infra.local.gateway.auth.admin import Admin
from infra.local.gateway.auth.errors import API_VERSION, API_VERSION_HEADER, AuthError, invalid, not_supported
from infra.local.gateway.auth.people import People
from infra.local.gateway.auth.rate_limit import RateLimit
from infra.local.gateway.auth.requests import AuthRequest, Gatekeeper, Reply
from infra.local.gateway.auth.sessions import Sessions
from infra.local.gateway.callers import headers_of
from infra.local.gateway.http import BodyTooLargeError, read_body, send_answer
from infra.local.gateway.keys import Keyring
from infra.local.gateway.pools import Pool, PoolExhaustedError
from infra.local.gateway.wire import DatabaseError, DatabaseLostError

logger = logging.getLogger(__name__)

Handler = Callable[[AuthRequest], Awaitable[Reply]]
BODY_MAX = 1024 * 1024  # bytes
ABSENT = (
    "otp",
    "magiclink",
    "recover",
    "resend",
    "verify",
    "reauthenticate",
    "invite",
    "sso",
    "factors",
    "factors/{rest:path}",
    "callback",
    "oauth/{rest:path}",
    "user/identities/{rest:path}",
    "admin/generate_link",
    "admin/{rest:path}",
)


def auth_routes(pool: Pool, keyring: Keyring, public_url: str, sign_in_limit: int) -> list[BaseRoute]:
    """Return the routes below ``/auth/v1``."""
    gatekeeper = Gatekeeper(keyring)
    people = People(pool, Sessions(keyring, f"{public_url}/auth/v1"), gatekeeper, RateLimit(sign_in_limit))
    admin = Admin(pool, gatekeeper)
    return [
        _route("/health", {"GET": _health}),
        _route("/settings", {"GET": _settings}),
        _route("/.well-known/jwks.json", {"GET": _jwks}),
        _route("/signup", {"POST": people.sign_up}),
        _route("/token", {"POST": people.token}),
        _route("/user", {"GET": people.get_user, "PUT": people.update_user}),
        _route("/logout", {"POST": people.sign_out}),
        _route("/admin/users", {"GET": admin.list_users, "POST": admin.create_user}),
        _route(
            "/admin/users/{user_id}", {"GET": admin.get_user, "PUT": admin.update_user, "DELETE": admin.delete_user}
        ),
        _route("/authorize", {"GET": _no_provider}),
        *(_route(f"/{path}", dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), _absent)) for path in ABSENT),
    ]


class Endpoint:
    """One path of Auth as an ASGI application."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = headers_of(scope["headers"])
        version = headers.get(API_VERSION_HEADER)
        try:
            reply = await self._reply(scope, headers, await read_body(receive, headers, BODY_MAX))
            body = b"" if reply.document is None else orjson.dumps(reply.document)
            status, extra = reply.status, reply.headers or {}
        except BodyTooLargeError as error:
            status, extra, body = 413, {}, AuthError(413, "request_too_large", str(error)).body(version)
        except AuthError as error:
            status, extra, body = error.status, {}, error.body(version)
        except (DatabaseError, DatabaseLostError, PoolExhaustedError) as error:
            refused = _of_database(error)
            status, extra, body = refused.status, {}, refused.body(version)
        sent = {"content-type": "application/json", API_VERSION_HEADER: API_VERSION, **extra}
        await send_answer(send, status, sent, body)

    async def _reply(self, scope: Scope, headers: dict[str, str], body: bytes) -> Reply:
        handler = self._handlers.get(scope["method"])
        if handler is None:
            raise AuthError(405, "bad_method", "Method not allowed")
        address = scope["client"][0] if scope.get("client") else None
        return await handler(AuthRequest(body, _query(scope), scope.get("path_params", {}), headers, address))


def _route(path: str, handlers: dict[str, Handler]) -> Route:
    return Route(path, Endpoint(handlers), methods=None)


def _query(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), max_num_fields=100))


def _of_database(error: Exception) -> AuthError:
    if isinstance(error, DatabaseError) and error.sqlstate == "23505":
        return AuthError(422, "email_exists", "A user with this email address has already been registered")
    if isinstance(error, DatabaseError):
        logger.error("auth: the database refused a statement: %s %s %s", error.sqlstate, error.message, error.detail)
        return AuthError(500, "unexpected_failure", f"Database error: {error.message}")
    return AuthError(503, "unexpected_failure", "The database is not reachable. Try again in a moment.")


async def _health(_: AuthRequest) -> Reply:
    return Reply(
        {"version": "v2", "name": "GoTrue", "description": "GoTrue is a user registration and authentication API"}
    )


async def _settings(_: AuthRequest) -> Reply:
    return Reply(
        {
            "external": {"anonymous_users": True, "email": True, "phone": False},
            "disable_signup": False,
            "mailer_autoconfirm": True,
            "phone_autoconfirm": False,
            "sms_provider": "",
            "saml_enabled": False,
        }
    )


async def _jwks(_: AuthRequest) -> Reply:
    """Answer with no keys: tokens are signed with the shared secret, which is not public."""
    return Reply({"keys": []})


async def _no_provider(_: AuthRequest) -> Reply:
    raise invalid("Unsupported provider: provider is not enabled")


async def _absent(_: AuthRequest) -> Reply:
    raise not_supported("This way of signing in, or this part of Auth,")
