"""What all entry points share: methods, errors as JSON, calls from the web page, bounded bodies."""

import hmac
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from functions.serve.refusal import Refusal, refusal_of
from schema.errors import ConfigurationError

Act = Callable[[Request], Awaitable[Response]]
Body = TypeVar("Body", bound=BaseModel)

PREFLIGHT_SECONDS = 600
MOST_BODY_BYTES = 128 * 1024  # a question of 20,000 characters, escaped as JSON at its worst

log = structlog.get_logger()


async def reply(request: Request, method: str, act: Act, page: str | None = None) -> Response:
    """Carry a request out; `page` is the origin of the web page that may call it from a browser."""
    response = await _reply(request, method, act)
    if page is not None:
        response.headers["Vary"] = "Origin"
        if request.headers.get("origin") == page:
            response.headers["Access-Control-Allow-Origin"] = page
    return response


async def _reply(request: Request, method: str, act: Act) -> Response:
    if request.method == "OPTIONS":
        return _preflight(method)
    try:
        if request.method != method:
            raise Refusal(405, "wrong_method", f"Use {method}.", {"Allow": f"{method}, OPTIONS"})
        return await act(request)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    except Exception as error:  # noqa: BLE001 - the sender gets an answer whatever happens
        return refuse(error)


def refuse(error: Exception) -> Response:
    """The reply to an error, as JSON: {error, message}."""
    refusal = refusal_of(error)
    if refusal is None:
        log.error("request_fault", exc_info=error)
        refusal = Refusal(500, "fault", "Something went wrong inside the service.")
    elif isinstance(error, ConfigurationError):
        log.error("not_configured", error=str(error))
    content = {"error": refusal.code, "message": refusal.message}
    return JSONResponse(content, refusal.status, dict(refusal.headers))


def _preflight(method: str) -> Response:
    headers = {
        "Allow": f"{method}, OPTIONS",
        "Access-Control-Allow-Methods": method,
        "Access-Control-Allow-Headers": "authorization, content-type, apikey, x-client-info",
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }
    return Response(status_code=204, headers=headers)


def bearer(request: Request) -> str | None:
    """The token of the request's `Authorization: Bearer …`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def bears(request: Request, key: str) -> bool:
    """Whether that token is this key; how long it takes to tell says nothing of the key."""
    return hmac.compare_digest((bearer(request) or "").encode(), key.encode())


async def read_body(request: Request) -> bytes:
    """The body, if it is not too large."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY_BYTES:
            raise Refusal(413, "too_large", f"At most {MOST_BODY_BYTES // 1024} KiB are read.", {"Connection": "close"})
    return bytes(body)


def parse(body: bytes, model: type[Body]) -> Body:
    """The content of a JSON body."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "body"
        raise Refusal(422, "invalid_request", f"{place}: {first['msg']}") from error
