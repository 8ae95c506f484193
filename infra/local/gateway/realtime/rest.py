"""Broadcast over HTTP: a batch of messages, or one message whose body is the payload itself."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from infra.local.gateway.keys import InvalidToken
from infra.local.gateway.realtime import jsontext
from infra.local.gateway.realtime.authorize import Asker, AuthorizationError
from infra.local.gateway.realtime.frames import Encoding
from infra.local.gateway.realtime.hub import Hub
from infra.local.gateway.realtime.messages import Message, UserBroadcast, broadcast_payload
from infra.local.gateway.realtime.rooms import TOPIC_PREFIX

BLANK = "can't be blank"
TOO_LARGE = "Payload size exceeds tenant limit"
MAX_BODY_BYTES = 8_000_000


class _TooLargeError(Exception):
    """A request's body is longer than any batch may be."""


@dataclass(frozen=True)
class Outgoing:
    """One message of a request; ``content`` is JSON text or bytes, as ``encoding`` says."""

    topic: str
    event: str
    content: bytes
    private: bool
    encoding: Encoding = Encoding.JSON
    meta: bytes = b""

    def message(self) -> Message:
        """Return what the members of the topic get."""
        topic = TOPIC_PREFIX + self.topic
        if self.encoding is Encoding.BYTES:
            return UserBroadcast(topic, self.event, self.content, self.encoding, self.meta)
        return Message(topic, "broadcast", broadcast_payload(self.event, self.content, self.meta))


class BroadcastApi:
    """The HTTP side of Realtime."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under the gateway's path and Realtime's own."""
        found: list[BaseRoute] = [Route("/realtime/v1/healthcheck", _healthy), Route("/healthcheck", _healthy)]
        for base in ("/realtime/v1/api", "/api"):
            found += [
                Route(f"{base}/ping", _ping),
                Route(f"{base}/broadcast", self.batch, methods=["POST"]),
                Route(f"{base}/broadcast/{{address:path}}", self.single, methods=["POST"]),
            ]
        return found

    async def batch(self, request: Request) -> Response:
        """Send ``{"messages": [{topic, event, payload, private?, id?}]}``; what may not be sent is skipped silently."""
        asker = self._asker(request)
        if asker is None:
            return _unauthorized(401)
        try:
            entries = jsontext.loads(await _body(request))["messages"]
        except _TooLargeError:
            return _too_large()
        except (ValueError, KeyError, TypeError):
            entries = None
        if not isinstance(entries, list) or not entries:
            return JSONResponse({"errors": {"messages": [BLANK]}}, 422)
        faults = [_faults(entry, self._hub.limits.payload_bytes) for entry in entries]
        if any(faults):
            return JSONResponse({"errors": {"messages": faults}}, 422)
        outgoing = [_read(entry) for entry in entries]
        if not self._allowed(len(outgoing)):
            return self._too_many(len(outgoing))
        topics = list(_private_topics(outgoing))
        allowed = await asyncio.gather(*(self._may_send(asker, topic) for topic in topics))
        writable = {topic for topic, may in zip(topics, allowed, strict=True) if may}
        for message in outgoing:
            if not message.private or message.topic in writable:
                self._send(message)
        return Response(status_code=202, headers=self._rates())

    async def single(self, request: Request) -> Response:
        """Send the body as the payload of ``/broadcast/{topic}/events/{event}``."""
        asker, address = self._asker(request), _address(request)
        if asker is None:
            return _unauthorized(401)
        if address is None:
            return JSONResponse({"message": "Not Found"}, 404)
        content = await _content(request)
        if isinstance(content, Response):
            return content
        if len(content[0]) > self._hub.limits.payload_bytes:
            return JSONResponse({"errors": {"payload": [TOO_LARGE]}}, 422)
        private = request.query_params.get("private") == "true"
        if private and not await self._may_send(asker, address[0]):
            return _unauthorized(403)
        if not self._allowed(1):
            return self._too_many(1)
        self._send(Outgoing(*address, content[0], private, content[1]))
        return Response(status_code=202, headers=self._rates())

    def _send(self, outgoing: Outgoing) -> None:
        room = self._hub.rooms.get(outgoing.private, outgoing.topic)
        if room is not None:
            room.broadcast(outgoing.message())

    def _asker(self, request: Request) -> Asker | None:
        headers = request.headers
        try:
            claims = self._hub.keyring.claims_of(headers.get("apikey"), headers.get("authorization"), strict=True)
        except InvalidToken:
            return None
        return Asker(claims, {name.lower(): value for name, value in headers.items()})

    async def _may_send(self, asker: Asker, topic: str) -> bool:
        try:
            return await self._hub.authorizer.writable(asker, topic, "broadcast")
        except AuthorizationError:
            return False

    def _allowed(self, count: int) -> bool:
        now = asyncio.get_running_loop().time()
        return self._hub.events.left(now) >= count and all(self._hub.events.allow(now) for _ in range(count))

    def _too_many(self, count: int) -> Response:
        batch = "Too many messages to broadcast, please reduce the batch size"
        text = batch if count > self._hub.events.limit else "You have exceeded your rate limit"
        return JSONResponse({"message": text}, 429, headers=self._rates())

    def _rates(self) -> dict[str, str]:
        limit, left = self._hub.events.limit, self._hub.events.left(asyncio.get_running_loop().time())
        return {"x-rate-rolling": str(limit - left), "x-rate-limit": str(limit), "x-rate-limit-remaining": str(left)}


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _ping(_request: Request) -> Response:
    return JSONResponse({"message": "Success"})


def _too_large() -> Response:
    return JSONResponse({"message": "Request Entity Too Large"}, 413)


def _unauthorized(status: int) -> Response:
    return JSONResponse({"message": "Unauthorized"}, status)


def _faults(entry: Any, payload_bytes: int) -> dict[str, list[str]]:
    """Return what is wrong with one entry of a batch, by field; empty if nothing."""
    if not isinstance(entry, dict):
        return {"topic": [BLANK], "event": [BLANK], "payload": [BLANK]}
    faults = {field: _text_fault(entry.get(field)) for field in ("topic", "event")}
    faults["payload"] = _payload_fault(entry.get("payload"), payload_bytes)
    faults["private"] = None if isinstance(entry.get("private", False), bool) else "is invalid"
    return {field: [fault] for field, fault in faults.items() if fault}


def _text_fault(value: Any) -> str | None:
    if value is None or value == "":
        return BLANK
    return None if isinstance(value, str) else "is invalid"


def _payload_fault(value: Any, payload_bytes: int) -> str | None:
    if value is None:
        return BLANK
    if not isinstance(value, dict):
        return "is invalid"
    return TOO_LARGE if len(jsontext.dumps(value)) > payload_bytes else None


def _read(entry: dict[str, Any]) -> Outgoing:
    meta = jsontext.dumps({"id": entry["id"]}) if entry.get("id") is not None else b""
    content = jsontext.dumps(entry["payload"])
    return Outgoing(entry["topic"], entry["event"], content, bool(entry.get("private")), meta=meta)


def _private_topics(outgoing: Iterable[Outgoing]) -> set[str]:
    return {message.topic for message in outgoing if message.private}


def _address(request: Request) -> tuple[str, str] | None:
    """Return topic and event from the path as it was sent: its segments may hold encoded slashes."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    _, _, address = raw.decode("latin-1").partition("/broadcast/")
    match address.split("/"):
        case [topic, "events", event] if topic and event:
            return unquote(topic), unquote(event)
    return None


async def _body(request: Request) -> bytes:
    """Return the body. Raises _TooLargeError before more than `MAX_BODY_BYTES` are held."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise _TooLargeError
    return bytes(body)


async def _content(request: Request) -> tuple[bytes, Encoding] | Response:
    """Return the payload of a single message, or the answer that refuses it."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        body = await _body(request)
    except _TooLargeError:
        return _too_large()
    if kind == "application/octet-stream":
        return body, Encoding.BYTES
    if kind != "application/json":
        text = "Unsupported Media Type. Use application/json or application/octet-stream"
        return JSONResponse({"error": text}, 415)
    try:
        value = jsontext.loads(body or b"{}")
    except ValueError:
        return JSONResponse({"message": "Malformed request body"}, 400)
    return jsontext.dumps(value if isinstance(value, dict) else {"_json": value}), Encoding.JSON
