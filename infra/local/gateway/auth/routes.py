"""``/auth/v1``: from HTTP to Auth's endpoints and back."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

import orjson
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from infra.local.gateway.auth.admin import Admin
from infra.local.gateway.auth.by_mail import ByMail
from infra.local.gateway.auth.errors import API_VERSION, API_VERSION_HEADER, AuthError, invalid, not_supported
from infra.local.gateway.auth.factors import Factors
from infra.local.gateway.auth.links import Links
from infra.local.gateway.auth.mailing import Mailer
from infra.local.gateway.auth.people import People
from infra.local.gateway.auth.rate_limit import MAILS, RateLimit
from infra.local.gateway.auth.redirects import Redirects
from infra.local.gateway.auth.requests import AuthRequest, Gatekeeper, Reply
from infra.local.gateway.auth.sessions import Sessions
from infra.local.gateway.auth.users import taken
from infra.local.gateway.auth.verify import Verification
from infra.local.gateway.callers import headers_of
from infra.local.gateway.http import BodyTooLargeError, read_body, send_answer
from infra.local.gateway.keys import Keyring
from infra.local.gateway.pools import Pool, PoolExhaustedError
from infra.local.gateway.wire import DatabaseError, DatabaseLostError

logger = logging.getLogger(__name__)

Handler = Callable[[AuthRequest], Awaitable[Reply]]
BODY_MAX = 1024 * 1024  # bytes
MAIL_PERIOD = 3600.0  # seconds in which ``mail_limit`` mails are sent
#: Parts of Auth that are not built: ways in that a project must switch on, and what manages those.
ABSENT = (
    "callback",
    "passkeys/{rest:path}",
    "oauth/{rest:path}",
    "admin/{rest:path}",
)
#: Providers that hosted Auth lists; all are switched off here.
PROVIDERS = (
    "apple",
    "azure",
    "bitbucket",
    "discord",
    "facebook",
    "figma",
    "fly",
    "github",
    "gitlab",
    "google",
    "kakao",
    "keycloak",
    "linkedin",
    "linkedin_oidc",
    "notion",
    "slack",
    "slack_oidc",
    "snapchat",
    "spotify",
    "twitch",
    "twitter",
    "workos",
    "x",
    "zoom",
)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How this Auth behaves: its own address and the site's, whether addresses must be confirmed, and its limits."""

    issuer: str
    site_url: str
    confirm_email: bool
    sign_in_limit: int
    mail_limit: int


def auth_routes(pool: Pool, keyring: Keyring, behaviour: Behaviour) -> list[BaseRoute]:
    """Return the routes below ``/auth/v1``."""
    gatekeeper, sessions = Gatekeeper(keyring), Sessions(keyring, behaviour.issuer)
    redirects, limit = Redirects(behaviour.site_url), RateLimit(behaviour.sign_in_limit)
    mailer = Mailer(behaviour.issuer, RateLimit(behaviour.mail_limit, period=MAIL_PERIOD, refusal=MAILS))
    confirm = behaviour.confirm_email
    people = People(pool, sessions, gatekeeper, mailer, redirects, limit, confirm)
    by_mail = ByMail(pool, gatekeeper, mailer, redirects, limit, confirm)
    verification = Verification(pool, sessions, redirects, limit)
    return [
        _route("/health", {"GET": _health}),
        _route("/settings", {"GET": _settings(confirm)}),
        _route("/.well-known/jwks.json", {"GET": _jwks(keyring)}),
        _route("/signup", {"POST": people.sign_up}),
        _route("/token", {"POST": people.token}),
        _route("/user", {"GET": people.get_user, "PUT": people.update_user}),
        _route("/logout", {"POST": people.sign_out}),
        _route("/otp", {"POST": by_mail.otp}),
        _route("/magiclink", {"POST": by_mail.otp}),
        _route("/recover", {"POST": by_mail.recover}),
        _route("/resend", {"POST": by_mail.resend}),
        _route("/reauthenticate", {"GET": by_mail.reauthenticate}),
        _route("/invite", {"POST": by_mail.invite}),
        _route("/verify", {"GET": verification.follow, "POST": verification.check}),
        _route("/authorize", {"GET": _no_provider}),
        _route("/sso", {"POST": _no_saml}),
        _route("/user/identities/authorize", {"GET": _no_linking}),
        _route("/user/identities/{identity_id}", {"DELETE": _no_linking}),
        *_factor_routes(Factors(pool, sessions, gatekeeper, limit, behaviour.site_url)),
        *_admin_routes(Admin(pool, gatekeeper), Links(pool, gatekeeper, mailer, redirects)),
        *(_route(f"/{path}", dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), _absent)) for path in ABSENT),
    ]


def _factor_routes(factors: Factors) -> list[BaseRoute]:
    return [
        _route("/factors", {"POST": factors.enroll}),
        _route("/factors/{factor_id}", {"DELETE": factors.remove}),
        _route("/factors/{factor_id}/challenge", {"POST": factors.challenge}),
        _route("/factors/{factor_id}/verify", {"POST": factors.verify}),
        _route("/admin/users/{user_id}/factors", {"GET": factors.list_of}),
        _route("/admin/users/{user_id}/factors/{factor_id}", {"DELETE": factors.remove_of}),
    ]


def _admin_routes(admin: Admin, links: Links) -> list[BaseRoute]:
    one: dict[str, Handler] = {"GET": admin.get_user, "PUT": admin.update_user, "DELETE": admin.delete_user}
    return [
        _route("/admin/users", {"GET": admin.list_users, "POST": admin.create_user}),
        _route("/admin/users/{user_id}", one),
        _route("/admin/generate_link", {"POST": links.generate}),
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
        return taken()
    if isinstance(error, DatabaseError):
        logger.error("auth: the database refused a statement: %s %s %s", error.sqlstate, error.message, error.detail)
        return AuthError(500, "unexpected_failure", f"Database error: {error.message}")
    return AuthError(503, "unexpected_failure", "The database is not reachable. Try again in a moment.")


async def _health(_: AuthRequest) -> Reply:
    return Reply(
        {"version": "v2", "name": "GoTrue", "description": "GoTrue is a user registration and authentication API"}
    )


def _settings(confirm_email: bool) -> Handler:
    external = {**dict.fromkeys(PROVIDERS, False), "anonymous_users": True, "email": True, "phone": False}
    document = {
        "external": external,
        "disable_signup": False,
        "mailer_autoconfirm": not confirm_email,
        "phone_autoconfirm": False,
        "sms_provider": "",
        "saml_enabled": False,
    }

    async def settings(_: AuthRequest) -> Reply:
        return Reply(document)

    return settings


def _jwks(keyring: Keyring) -> Handler:
    """The keys that people's tokens are signed with; clients may keep them for as long as those of hosted Supabase."""
    reply = Reply({"keys": [keyring.published]}, headers={"Cache-Control": "public, max-age=600"})

    async def jwks(_: AuthRequest) -> Reply:
        return reply

    return jwks


async def _no_provider(_: AuthRequest) -> Reply:
    raise invalid("Unsupported provider: provider is not enabled")


async def _no_saml(_: AuthRequest) -> Reply:
    raise AuthError(404, "saml_provider_disabled", "SAML 2.0 is disabled")


async def _no_linking(_: AuthRequest) -> Reply:
    raise AuthError(404, "manual_linking_disabled", "Manual linking is disabled")


async def _absent(_: AuthRequest) -> Reply:
    raise not_supported("This part of Auth")
