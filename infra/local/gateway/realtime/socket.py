"""One websocket connection: the handshake, the messages that concern channels as such, and the connection's end."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from infra.local.gateway.keys import InvalidToken
from infra.local.gateway.realtime import messages, speech, tokens
from infra.local.gateway.realtime.authorize import Asker
from infra.local.gateway.realtime.bindings import echo
from infra.local.gateway.realtime.channel import Channel
from infra.local.gateway.realtime.frames import (
    BroadcastPush,
    MalformedFrameError,
    Push,
    Version,
    decode_binary,
    decode_text,
    negotiate,
)
from infra.local.gateway.realtime.hub import Hub
from infra.local.gateway.realtime.joining import JoinRefusedError, read_join
from infra.local.gateway.realtime.messages import Message
from infra.local.gateway.realtime.rooms import TOPIC_PREFIX
from infra.local.gateway.realtime.stored import Stored
from infra.local.gateway.realtime.tokens import Claims
from infra.local.gateway.realtime.transport import EXTENSION, Outbox

log = logging.getLogger(__name__)

GOING_AWAY = 1001
HEARTBEAT_TOPIC = "phoenix"


class SocketEndpoint:
    """The ASGI application at ``/realtime/v1/websocket``."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection from handshake to end."""
        websocket = WebSocket(scope, receive, send)
        version = negotiate(websocket.query_params.get("vsn"))
        admitted = self._admit(version, websocket.headers, websocket.query_params)
        if isinstance(admitted, Response) or version is None:
            await websocket.send_denial_response(admitted if isinstance(admitted, Response) else Response("", 403))
            return
        await websocket.accept()
        outbox: Outbox = scope["extensions"][EXTENSION]["outbox"]
        headers = {name.lower(): value for name, value in websocket.headers.items()}
        await Socket(self._hub, version, admitted, headers, outbox).serve(websocket)

    def _admit(self, version: Version | None, headers: Headers, query: QueryParams) -> Claims | Response:
        """Return the connection's claims, or the HTTP answer that refuses it."""
        if version is None:
            return Response("", 403)
        if len(self._hub.sockets) >= self._hub.limits.sockets:
            return JSONResponse({"error": "Too many connected users"}, 429)
        try:
            return tokens.connection_claims(self._hub.keyring, headers, query)
        except InvalidToken as error:
            return JSONResponse({"error": str(error)}, 401)


class Socket:
    """An accepted connection and its channels. Messages are handled one after the other, in order."""

    def __init__(self, hub: Hub, version: Version, claims: Claims, headers: Mapping[str, str], outbox: Outbox) -> None:
        self._hub = hub
        self._version = version
        self._claims = claims
        self._headers = headers
        self.outbox = outbox
        self.unused_since: float | None = asyncio.get_running_loop().time()
        self._channels: dict[str, Channel] = {}

    async def serve(self, websocket: WebSocket) -> None:
        """Handle messages until the connection ends."""
        self._hub.sockets.add(self)
        try:
            while True:
                await self._receive(await websocket.receive())
        except WebSocketDisconnect:
            pass
        finally:
            self._hub.sockets.discard(self)
            self.outbox.discard()
            for channel in list(self._channels.values()):
                channel.leave()

    def send(self, message: Message) -> None:
        """Queue a message, if sockets of this version can be told."""
        packet = message.packet(self._version)
        if packet is not None:
            self.outbox.send(packet)

    async def _receive(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code") or 1005)
        text = event.get("text")
        try:
            push = decode_text(self._version, text) if text is not None else self._decode_binary(event["bytes"])
        except MalformedFrameError as error:
            log.info("A malformed frame was dropped: %s", error)
        else:
            await self._dispatch(push)

    def _decode_binary(self, data: bytes) -> Push | BroadcastPush:
        if self._version is Version.V1:
            raise MalformedFrameError("binary frames need vsn 2.0.0")
        return decode_binary(data)

    async def _dispatch(self, push: Push | BroadcastPush) -> None:
        if isinstance(push, Push) and push.event == "heartbeat" and push.topic == HEARTBEAT_TOPIC:
            self.send(messages.reply(push.topic, push.ref, push.join_ref, "ok", {}))
        elif isinstance(push, Push) and push.event == "phx_join":
            await self._join(push)
        elif isinstance(push, Push) and push.event == "phx_leave":
            self._leave(push)
        elif channel := self._channels.get(push.topic):
            await self._hand_over(channel, push)
        else:
            self.send(messages.reply(push.topic, push.ref, push.join_ref, "error", {"reason": "unmatched topic"}))

    async def _hand_over(self, channel: Channel, push: Push | BroadcastPush) -> None:
        try:
            await speech.hear(channel, push)
        except Exception:
            log.exception("A channel of topic %r failed", channel.topic)
            channel.leave()
            self.send(messages.crashed(channel.topic, channel.join_ref))

    def _leave(self, push: Push) -> None:
        channel = self._channels.get(push.topic)
        self.send(messages.reply(push.topic, push.ref, push.join_ref, "ok", {}))
        if channel and channel.join_ref in (None, push.join_ref):
            channel.leave()
            self.send(messages.closed(channel.topic, channel.join_ref))

    # Joining ---------------------------------------------------------------------------------------------------------

    async def _join(self, push: Push) -> None:
        """Admit a channel; one of the same topic ends first, but is told of it after the answer, as Phoenix does."""
        before = self._channels.get(push.topic)
        if before:
            before.leave()
        opened: tuple[Channel, list[Stored]] | None = None
        try:
            opened = await self._admit(push)
            response: dict[str, Any] = {"postgres_changes": [echo(raw) for raw in opened[0].request.bindings]}
            status = "ok"
        except JoinRefusedError as error:
            status, response = "error", {"reason": str(error)}
        except Exception:
            log.exception("Joining topic %r failed", push.topic)
            status, response = "error", {"reason": "Unknown Error on Channel"}
        self.send(messages.reply(push.topic, push.ref, push.join_ref, status, response))
        if before:
            self.send(messages.closed(before.topic, before.join_ref))
        if opened:
            opened[0].open(opened[1])
        elif str(response.get("reason")).startswith("ClientJoinRateLimitReached"):
            self.outbox.close(GOING_AWAY)

    async def _admit(self, push: Push) -> tuple[Channel, list[Stored]]:
        """Return the new channel, in its room, and what it has to be replayed. Raises JoinRefusedError."""
        if not push.topic.startswith(TOPIC_PREFIX):
            raise JoinRefusedError("unmatched topic")
        if push.topic == TOPIC_PREFIX:
            raise JoinRefusedError("TopicNameRequired: You must provide a topic name")
        if not self._hub.joins.allow(asyncio.get_running_loop().time()):
            raise JoinRefusedError("ClientJoinRateLimitReached: Too many joins per second")
        if len(self._channels) >= self._hub.limits.channels_per_socket:
            raise JoinRefusedError("ChannelRateLimitReached: Too many channels")
        request = read_join(push.payload)
        asker = Asker(tokens.channel_claims(self._hub.keyring, request.token, self._claims), self._headers)
        channel = Channel(self._hub, push.topic, push.join_ref, request, asker, self.send, self._forget)
        self._channels[push.topic] = channel
        self.unused_since = None
        try:
            replay = await channel.enter()
            if request.wait and request.bindings:
                await self._hub.subscriptions.settle(channel, request.wait)
            return channel, replay
        except BaseException:
            channel.leave()
            raise

    def _forget(self, channel: Channel) -> None:
        if self._channels.get(channel.topic) is channel:
            del self._channels[channel.topic]
        if not self._channels:
            self.unused_since = asyncio.get_running_loop().time()
