"""``/functions/v1/NAME``: requests for functions, checked for a token, passed on to where functions-framework serves.

Bodies go through in pieces both ways, so that a function may stream its answer.
"""

from collections.abc import AsyncIterator, Mapping

import aiohttp
import orjson
from starlette.types import Receive, Scope, Send

from infra.local.gateway.callers import headers_of
from infra.local.gateway.http import BodyTooLargeError, ClientGoneError, send_answer
from infra.local.gateway.keys import InvalidToken, Keyring

PREFIX = "/functions/v1/"
BODY_MAX = 20 * 1024 * 1024  # bytes of a request
CONNECT_SECONDS = 5.0
IDLE_SECONDS = 150.0  # between two pieces of an answer, as on hosted Supabase
#: Headers that concern one connection alone (RFC 9110, section 7.6.1).
OWN = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
    }
)


class Functions:
    """The ASGI application; ``addresses`` maps each function's name to its server's address."""

    def __init__(self, addresses: Mapping[str, str], keyring: Keyring) -> None:
        self._addresses, self._keyring = addresses, keyring
        self._session: aiohttp.ClientSession | None = None

    async def stop(self) -> None:
        """Close the connections to the functions."""
        if self._session is not None:
            await self._session.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = headers_of(scope["headers"])
        name, _, rest = scope["path"].removeprefix(PREFIX).partition("/")
        address = self._addresses.get(name)
        refusal = _check(self._keyring, headers)
        if refusal is not None:
            await _send_json(send, 401, {"code": 401, "message": refusal})
        elif address is None:
            await _send_json(send, 404, {"code": "NOT_FOUND", "message": "Requested function was not found"})
        else:
            query = scope["query_string"].decode("latin-1")
            await self._forward(
                f"{address}/{rest}{f'?{query}' if query else ''}", scope["method"], headers, receive, send
            )

    async def _forward(self, url: str, method: str, headers: dict[str, str], receive: Receive, send: Send) -> None:
        started = False
        body = None if method in ("GET", "HEAD") else _pieces(receive, headers)
        try:
            async with self._open().request(
                method, url, headers=_passed_on(headers), data=body, allow_redirects=False
            ) as answer:
                raw = [
                    (n.encode("latin-1"), v.encode("latin-1"))
                    for n, v in answer.headers.items()
                    if n.lower() not in OWN
                ]
                await send({"type": "http.response.start", "status": answer.status, "headers": raw})
                started = True
                async for piece in answer.content.iter_any():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except BodyTooLargeError as error:
            await _send_json(send, 413, {"code": 413, "message": str(error)})
        except (aiohttp.ClientError, TimeoutError) as error:
            if started:
                raise ClientGoneError from error  # the answer cannot be mended: the connection ends with it
            unreachable = {"code": "BOOT_ERROR", "message": "The function does not answer. Look at its logs."}
            await _send_json(send, 503, unreachable, {"x-relay-error": "true"})

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=IDLE_SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
        return self._session


def _check(keyring: Keyring, headers: dict[str, str]) -> str | None:
    """Return why a request may not reach a function, None if it may."""
    if not headers.get("authorization") and not headers.get("apikey"):
        return "Missing authorization header"
    try:
        keyring.claims_of(headers.get("apikey"), headers.get("authorization"))
    except InvalidToken:
        return "Invalid JWT"
    return None


def _passed_on(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in OWN}


async def _pieces(receive: Receive, headers: dict[str, str]) -> AsyncIterator[bytes]:
    size, more = int(headers.get("content-length") or 0), True
    while more:
        if size > BODY_MAX:
            raise BodyTooLargeError(f"The request's body is larger than {BODY_MAX} bytes")
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        more = message.get("more_body", False)
        piece = message.get("body", b"")
        if not headers.get("content-length"):
            size += len(piece)
        if piece:
            yield piece


async def _send_json(send: Send, status: int, document: object, headers: dict[str, str] | None = None) -> None:
    sent = {"content-type": "application/json", **(headers or {})}
    await send_answer(send, status, sent, orjson.dumps(document))
