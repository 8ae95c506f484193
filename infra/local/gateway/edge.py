"""What every request passes first: CORS, API key, access log. As hosted Supabase's edge in front of its services."""

import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.local.gateway.callers import headers_of
from infra.local.gateway.http import ClientGoneError, send_answer
from infra.local.gateway.keys import InvalidToken, Keyring
from infra.local.gateway.mailbox import PREFIX as MAILBOX

access_log = logging.getLogger("rivulet.gateway.access")
logger = logging.getLogger(__name__)

#: Services whose every request needs an API key; Storage and Realtime look at tokens themselves.
GUARDED = ("/rest/v1", "/auth/v1")
#: Paths below them that browsers and mail links open without a key.
OPEN = ("/auth/v1/.well-known/", "/auth/v1/verify", "/auth/v1/callback", "/auth/v1/authorize")
RESUMABLE = "/storage/v1/upload/resumable"
ALLOW_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
EXPOSED_HEADERS = (
    b"access-control-expose-headers",
    b"Content-Encoding, Content-Location, Content-Range, Content-Type, Date, ETag, Location, "
    b"Range-Unit, Server, Transfer-Encoding, X-Total-Count, Link, X-Supabase-Api-Version, "
    b"Preference-Applied",
)
ALLOW_ORIGIN = (b"access-control-allow-origin", b"*")
NO_KEY = {"message": "No API key found in request", "hint": "No `apikey` request header or url param was found."}
BAD_KEY = {"message": "Invalid API key", "hint": "Double check your Supabase `anon` or `service_role` API key."}

_POLLED = ("claim_jobs", "heartbeat_jobs", "sweep_jobs", "report_worker", "queue_depth", "engine_status")
ASKED_AGAIN = {"/healthz", "/auth/v1/health", *(f"/rest/v1/rpc/{name}_v1" for name in _POLLED)}


@dataclass(slots=True)
class Seen:
    """What the access log says about one request."""

    status: int = 0
    size: int = 0


class Edge:
    """ASGI middleware around the whole gateway."""

    def __init__(self, app: ASGIApp, keyring: Keyring) -> None:
        self._app, self._keyring = app, keyring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through to its service, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, seen = time.perf_counter(), Seen()
        watched = _watched(send, seen, shared=not scope["path"].startswith(MAILBOX))
        try:
            await self._pass(scope, receive, watched)
        except ClientGoneError:
            logger.debug("the client closed the connection: %s %s", scope["method"], scope["path"])
        except Exception:
            logger.exception("unexpected error: %s %s", scope["method"], scope["path"])
            if not seen.status:
                await _send_json(watched, 500, {"message": "An unexpected error occurred"})
        finally:
            _log(scope, seen, time.perf_counter() - started)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS" and not _asks_for_features(scope):
            await send_answer(send, 204, _preflight(scope), b"")
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _send_json(send, 401, refusal)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> dict[str, str] | None:
        """Return what to answer a guarded request without a good key, None if it may pass."""
        path: str = scope["path"]
        if not path.startswith(GUARDED) or path.startswith(OPEN):
            return None
        key = _api_key(scope)
        if not key:
            return NO_KEY
        try:
            self._keyring.claims_of_key(key)
        except InvalidToken:
            return BAD_KEY
        return None


def _api_key(scope: Scope) -> str | None:
    """Return the API key of header or query; one in the query is moved to the headers, where services look."""
    for name, value in scope["headers"]:
        if name == b"apikey":
            return bytes(value).decode("latin-1")
    if b"apikey=" not in scope["query_string"]:
        return None
    pairs = parse_qsl(scope["query_string"].decode("latin-1"))
    key = next((value for name, value in pairs if name == "apikey"), None)
    if key is not None and key.isascii():
        scope["headers"] = [*scope["headers"], (b"apikey", key.encode("ascii"))]
    return key


def _asks_for_features(scope: Scope) -> bool:
    """Tell the OPTIONS request of an upload's client, which Storage answers, from a browser's preflight."""
    asked = any(name == b"access-control-request-method" for name, _ in scope["headers"])
    return scope["path"].startswith(RESUMABLE) and not asked


def _preflight(scope: Scope) -> dict[str, str]:
    asked = headers_of(scope["headers"]).get("access-control-request-headers", "*")
    return {
        "access-control-allow-methods": ALLOW_METHODS,
        "access-control-allow-headers": asked,
        "access-control-max-age": "86400",
        "vary": "Access-Control-Request-Headers",
    }


def _watched(send: Send, seen: Seen, shared: bool) -> Send:
    """Return ``send`` with an eye on what passes; ``shared`` answers may be read by pages of any site."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen.status = message["status"]
            headers = message.get("headers", ())
            exposed = () if any(name == EXPOSED_HEADERS[0] for name, _ in headers) else (EXPOSED_HEADERS,)
            message["headers"] = [*headers, ALLOW_ORIGIN, *exposed] if shared else headers
        elif message["type"] == "http.response.body":
            seen.size += len(message.get("body", b""))
        await send(message)

    return sending


async def _send_json(send: Send, status: int, document: dict[str, str]) -> None:
    await send_answer(send, status, {"content-type": "application/json; charset=utf-8"}, orjson.dumps(document))


def _log(scope: Scope, seen: Seen, seconds: float) -> None:
    """Write one line; the query string is left out, since it may hold keys, tokens and people's data.

    What is asked again and again whether or not there is anything to do is told at DEBUG alone, unless it fails.
    """
    usual = scope["path"] in ASKED_AGAIN and 0 < seen.status < HTTPStatus.BAD_REQUEST
    level = logging.DEBUG if usual else logging.INFO
    if access_log.isEnabledFor(level):
        access_log.log(
            level,
            "request",
            extra={
                "fields": {
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": seen.status or 499,
                    "bytes": seen.size,
                    "ms": round(seconds * 1000, 2),
                }
            },
        )
