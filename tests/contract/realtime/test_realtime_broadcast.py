"""Broadcast over sockets: who hears what, in which shape, and acknowledgements."""

import asyncio
import json
from typing import Any

import pytest
from realtime import RealtimeChannelOptions
from supabase import AsyncClient, acreate_client

from tests.conftest import Gateway
from tests.contract.realtime.wire import Frame, Wire, wire

pytestmark = pytest.mark.anyio
HELLO = {"type": "broadcast", "event": "hello", "payload": {"a": [1, "ä", 1.5, None]}}


def binary(topic: str, event: str, payload: bytes, encoding: int, ref: str = "9") -> bytes:
    parts = [b"1", ref.encode(), f"realtime:{topic}".encode(), event.encode(), b""]
    return bytes([3, *map(len, parts), encoding]) + b"".join(parts) + payload


async def silent(socket: Wire) -> bool:
    return not [frame for frame in await socket.until_answered() if frame.event == "broadcast"]


@pytest.mark.parametrize("sending", [1, 2])
@pytest.mark.parametrize("hearing", [1, 2])
async def test_payloads_pass_unchanged(gateway: Gateway, name: str, sending: int, hearing: int) -> None:
    async with wire(gateway, sending) as speaker, wire(gateway, hearing) as listener:
        await speaker.joined(name)
        await listener.joined(name)
        payloads: list[Any] = [HELLO, {}, {"event": "x", "big": 2**80, "text": '"\\\u2028😀'}]
        for payload in payloads:
            await speaker.push(f"realtime:{name}", "broadcast", payload)
        for payload in payloads:
            assert await listener.event("broadcast") == Frame(f"realtime:{name}", "broadcast", payload)


async def test_the_speaker_hears_itself_only_if_it_asked_to(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as shy, wire(gateway) as proud:
        await shy.joined(name)
        await proud.joined(name, {"broadcast": {"self": True}})
        await shy.push(f"realtime:{name}", "broadcast", HELLO)
        assert await silent(shy)
        assert (await proud.event("broadcast")).payload == HELLO
        await proud.push(f"realtime:{name}", "broadcast", HELLO)
        assert (await proud.event("broadcast")).payload == HELLO


async def test_acknowledgements_come_only_when_asked_for(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as quiet, wire(gateway) as acknowledged:
        await quiet.joined(name)
        await acknowledged.joined(name, {"broadcast": {"ack": True}})
        await quiet.push(f"realtime:{name}", "broadcast", HELLO)
        assert await quiet.until_answered() == []
        assert await acknowledged.ask(f"realtime:{name}", "broadcast", HELLO) == {"status": "ok", "response": {}}


async def test_binary_frames_reach_both_versions(gateway: Gateway, name: str) -> None:
    async with wire(gateway, 2) as speaker, wire(gateway, 2) as new, wire(gateway, 1) as old:
        for socket in (speaker, new, old):
            await socket.joined(name)
        await speaker.connection.send(binary(name, "ev", b'{"a": 1}', 1))
        wanted = {"type": "broadcast", "event": "ev", "payload": {"a": 1}}
        assert (await new.event("broadcast")).payload == wanted
        assert (await old.event("broadcast")).payload == wanted


async def test_bytes_reach_only_sockets_that_can_carry_them(gateway: Gateway, name: str) -> None:
    async with wire(gateway, 2) as speaker, wire(gateway, 2) as new, wire(gateway, 1) as old:
        for socket in (speaker, new, old):
            await socket.joined(name, {"broadcast": {"ack": True}})
        await speaker.connection.send(binary(name, "ev", b"\x01\x02\xff", 0, "77"))
        assert (await new.event("broadcast")).payload["payload"] == b"\x01\x02\xff"
        assert await silent(old)
        assert (await speaker.frame(lambda frame: frame.ref == "77")).payload["status"] == "ok"


async def test_public_and_private_rooms_of_one_name_are_apart(gateway: Gateway, name: str) -> None:
    secret = gateway.database.secret_key
    async with wire(gateway, key=secret) as public, wire(gateway, key=secret) as private:
        await public.joined(name)
        await private.joined(name, {"private": True})
        await public.push(f"realtime:{name}", "broadcast", HELLO)
        assert await silent(private)
        await private.push(f"realtime:{name}", "broadcast", HELLO)
        assert await silent(public)


async def test_a_payload_above_the_limit_is_not_passed_on(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as speaker, wire(gateway) as listener:
        await speaker.joined(name, {"broadcast": {"ack": True}})
        await listener.joined(name)
        large = {**HELLO, "payload": {"text": "x" * 3_000_500}}
        assert await speaker.ask(f"realtime:{name}", "broadcast", large) == {
            "status": "error",
            "response": {"error": "payload_size_exceeded"},
        }
        assert await silent(listener)


async def test_a_channel_that_left_hears_nothing_more(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as speaker, wire(gateway) as leaver:
        await speaker.joined(name)
        join_ref = await leaver.push(f"realtime:{name}", "phx_join", {})
        await leaver.event("phx_reply")
        await leaver.ask(f"realtime:{name}", "phx_leave", {}, join_ref)
        await speaker.push(f"realtime:{name}", "broadcast", HELLO)
        assert await silent(leaver)


async def client(gateway: Gateway) -> AsyncClient:
    return await acreate_client(gateway.url, gateway.database.publishable_key)


async def test_the_python_client_talks_to_another(gateway: Gateway, name: str) -> None:
    speaker, listener = await client(gateway), await client(gateway)
    try:
        heard: asyncio.Queue[Any] = asyncio.Queue()
        channel = listener.channel(name)
        channel.on_broadcast("hello", heard.put_nowait)
        await channel.subscribe()
        options: RealtimeChannelOptions = {
            "config": {"broadcast": {"ack": True, "self": False}, "presence": None, "private": False}
        }
        speaking = speaker.channel(name, options)
        await speaking.subscribe()
        await speaking.send_broadcast("hello", {"n": 1})
        await speaking.send_broadcast("other", {"n": 2})
        await speaking.send_broadcast("hello", {"n": 3})
        async with asyncio.timeout(5):
            assert [(await heard.get())["payload"] for _ in range(2)] == [{"n": 1}, {"n": 3}]
    finally:
        await speaker.remove_all_channels()
        await listener.remove_all_channels()


async def test_lone_surrogates_travel_escaped(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as speaker, wire(gateway) as listener:
        await speaker.joined(name)
        await listener.joined(name)
        await speaker.connection.send(json.dumps(["1", "5", f"realtime:{name}", "broadcast", {"text": "\ud800"}]))
        assert (await listener.event("broadcast")).payload == {"text": "\ud800"}
