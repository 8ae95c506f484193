"""What a joined channel's client says: broadcasts, presence and new tokens."""

import asyncio
from contextlib import suppress
from typing import Any

from infra.local.gateway.keys import InvalidToken
from infra.local.gateway.realtime import jsontext, tokens
from infra.local.gateway.realtime.authorize import Asker, AuthorizationError
from infra.local.gateway.realtime.channel import Channel
from infra.local.gateway.realtime.frames import BroadcastPush, Push
from infra.local.gateway.realtime.messages import Message, UserBroadcast


async def hear(channel: Channel, push: Push | BroadcastPush) -> None:
    """Act on one push; events that Realtime does not know are ignored."""
    if isinstance(push, BroadcastPush):
        await _broadcast(channel, push)
    elif push.event in ("broadcast", "presence", "access_token"):
        await {"broadcast": _broadcast, "presence": _presence, "access_token": _renew}[push.event](channel, push)


# Broadcast -----------------------------------------------------------------------------------------------------------


async def _broadcast(channel: Channel, push: Push | BroadcastPush) -> None:
    if not channel.hub.events.allow(asyncio.get_running_loop().time()):
        channel.end("Too many messages per second")
        return
    message, size = _spoken(channel.topic, push)
    fault = await _fault(channel, size)
    if fault is None and channel.room is not None:
        channel.room.broadcast(message, None if channel.request.echo else channel)
    if channel.request.ack:
        status, response = ("ok", {}) if fault is None else ("error", {"error": fault})
        channel.reply(push.ref, push.join_ref, status, response)


async def _fault(channel: Channel, size: int) -> str | None:
    if size > channel.hub.limits.payload_bytes:
        return "payload_size_exceeded"
    return None if await channel.may_send("broadcast") else "unauthorized"


def _spoken(topic: str, push: Push | BroadcastPush) -> tuple[Message, int]:
    """Return the message for the others and the size of its payload in bytes."""
    if isinstance(push, BroadcastPush):
        return UserBroadcast(topic, push.event, push.payload, push.encoding), len(push.payload)
    payload = jsontext.dumps(push.payload)
    return Message(topic, "broadcast", payload), len(payload)


# Presence ------------------------------------------------------------------------------------------------------------


async def _presence(channel: Channel, push: Push | BroadcastPush) -> None:
    if not channel.presence_calls.allow(asyncio.get_running_loop().time()):
        channel.end("Client presence rate limit exceeded")
        return
    payload = push.payload if isinstance(push.payload, dict) else {}
    match str(payload.get("event")).lower():
        case "track":
            await _track(channel, push, payload.get("payload"))
        case "untrack":
            _untrack(channel, push)
        case _:
            channel.reply(push.ref, push.join_ref, "error")


async def _track(channel: Channel, push: Push | BroadcastPush, state: Any) -> None:
    if not isinstance(state, dict):
        channel.reply(push.ref, push.join_ref, "error", {"reason": "Presence track payload must be a map"})
    elif len(jsontext.dumps(state)) > channel.hub.limits.payload_bytes:
        channel.end("Track message size exceeded")
    elif not await channel.may_send("presence"):
        channel.reply(push.ref, push.join_ref, "error")
    else:
        await _enable_presence(channel)
        channel.reply(push.ref, push.join_ref)
        if channel.room is not None:
            channel.room.announce(channel.room.presence.track(channel, channel.presence_key, state))


async def _enable_presence(channel: Channel) -> None:
    """Tracking turns presence on for a channel that joined without it."""
    if channel.tracks:
        return
    channel.tracks = True
    with suppress(AuthorizationError):
        await channel.authorize()
    channel.send_presence()


def _untrack(channel: Channel, push: Push | BroadcastPush) -> None:
    channel.reply(push.ref, push.join_ref)
    if channel.room is not None:
        channel.room.announce(channel.room.presence.untrack(channel))


# Tokens --------------------------------------------------------------------------------------------------------------


async def _renew(channel: Channel, push: Push | BroadcastPush) -> None:
    token: Any = push.payload.get("access_token") if isinstance(push.payload, dict) else None
    if tokens.is_ignored(token) or token == channel.token:
        return
    try:
        claims = channel.hub.keyring.verify(token)
    except InvalidToken as error:
        channel.end(str(error))
        return
    channel.asker = Asker(claims, channel.asker.headers)
    try:
        await channel.authorize()
    except AuthorizationError as error:
        lost = f"You no longer have permission to read from this Channel topic: {channel.subtopic}"
        channel.end(lost if error.refused else str(error))
    else:
        channel.renewed(token)
