"""Connections and channels: handshake, heartbeat, joining, leaving, replacement, malformed frames."""

import json
import time
from contextlib import suppress

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from tests.conftest import Gateway
from tests.contract.realtime.wire import address, token, wire

pytestmark = pytest.mark.anyio
BOTH = pytest.mark.parametrize("version", [1, 2])


async def refused(gateway: Gateway, version: int, key: str | None) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(address(gateway, version, key)):
            pass
    body = refusal.value.response.body or b""
    return refusal.value.response.status_code, json.loads(body)["error"] if body else ""


async def test_keys_are_checked_before_the_connection(gateway: Gateway) -> None:
    malformed = "The token provided is not a valid JWT"
    assert await refused(gateway, 1, None) == (401, "API key is missing")
    assert await refused(gateway, 1, "sb_publishable_wrong") == (401, malformed)
    assert await refused(gateway, 1, "nonsense") == (401, malformed)
    assert await refused(gateway, 1, token(gateway)[:-4] + "AAAA") == (401, "Failed to validate JWT signature")
    status, text = await refused(gateway, 1, token(gateway, exp=int(time.time()) - 5))
    assert (status, text[:17]) == (401, "Token has expired")
    assert await refused(gateway, 1, token(gateway, role=None)) == (
        401,
        "Fields `role` and `exp` are required in JWT",
    )


async def test_unknown_versions_are_refused(gateway: Gateway) -> None:
    assert await refused(gateway, 3, gateway.database.publishable_key) == (403, "")


async def test_both_keys_and_tokens_connect(gateway: Gateway) -> None:
    for key in (gateway.database.publishable_key, gateway.database.secret_key, token(gateway)):
        async with wire(gateway, 1, key) as socket:
            assert (await socket.ask("phoenix", "heartbeat", {}))["status"] == "ok"


@BOTH
async def test_the_answer_to_a_join_always_lists_bindings(gateway: Gateway, version: int) -> None:
    async with wire(gateway, version) as socket:
        assert await socket.join("room") == {"status": "ok", "response": {"postgres_changes": []}}
        assert await socket.ask("realtime:bare", "phx_join", {}) == {
            "status": "ok",
            "response": {"postgres_changes": []},
        }


@BOTH
async def test_topics_that_cannot_be_joined(gateway: Gateway, version: int) -> None:
    async with wire(gateway, version) as socket:
        unmatched = {"status": "error", "response": {"reason": "unmatched topic"}}
        assert await socket.ask("room", "phx_join", {}) == unmatched
        assert await socket.ask("realtime:not-joined", "broadcast", {}) == unmatched
        nameless = await socket.ask("realtime:", "phx_join", {})
        assert nameless["response"]["reason"] == "TopicNameRequired: You must provide a topic name"


@BOTH
async def test_leaving_is_answered_then_the_channel_closes(gateway: Gateway, version: int) -> None:
    async with wire(gateway, version) as socket:
        join_ref = await socket.push("realtime:room", "phx_join", {})
        await socket.event("phx_reply")
        leave_ref = await socket.push("realtime:room", "phx_leave", {}, join_ref)
        reply, close = await socket.frame(), await socket.frame()
        assert (reply.event, reply.ref, reply.payload) == ("phx_reply", leave_ref, {"status": "ok", "response": {}})
        assert (close.event, close.ref, close.payload) == ("phx_close", join_ref, {})
        assert version == 1 or close.join_ref == join_ref
        assert (await socket.ask("realtime:room", "broadcast", {}))["status"] == "error"


async def test_leaving_for_an_older_join_changes_nothing(gateway: Gateway) -> None:
    async with wire(gateway) as socket:
        await socket.join("room", {"broadcast": {"ack": True}})
        assert await socket.ask("realtime:room", "phx_leave", {}, "old") == {"status": "ok", "response": {}}
        assert (await socket.ask("realtime:room", "broadcast", {}))["status"] == "ok"
        assert await socket.ask("realtime:never", "phx_leave", {}) == {"status": "ok", "response": {}}


@BOTH
async def test_a_second_join_replaces_the_first_which_is_closed_after_the_answer(
    gateway: Gateway, version: int
) -> None:
    async with wire(gateway, version) as socket:
        first = await socket.push("realtime:room", "phx_join", {})
        await socket.event("phx_reply")
        second = await socket.push("realtime:room", "phx_join", {})
        reply, close = await socket.frame(), await socket.frame()
        assert (reply.event, reply.ref) == ("phx_reply", second)
        assert (close.event, close.ref) == ("phx_close", first)


async def test_a_failed_second_join_ends_the_first_all_the_same(gateway: Gateway) -> None:
    async with wire(gateway) as socket:
        await socket.join("room")
        reply = await socket.join("room", {"private": True})
        assert reply["status"] == "error"
        assert (await socket.event("phx_close")).topic == "realtime:room"
        assert (await socket.ask("realtime:room", "broadcast", {}))["response"] == {"reason": "unmatched topic"}


async def test_unknown_events_are_ignored(gateway: Gateway) -> None:
    async with wire(gateway) as socket:
        await socket.join("room")
        await socket.push("realtime:room", "dance", {})
        assert await socket.until_answered() == []


@BOTH
async def test_malformed_frames_are_dropped_and_close_nothing(gateway: Gateway, version: int) -> None:
    async with wire(gateway, version) as socket, wire(gateway, version) as bystander:
        await bystander.join("room")
        await socket.join("room", {"broadcast": {"self": True}})
        frames: list[str | bytes] = ["", "not json", "[]", "{}", "[1,2,3]", "[" * 5000, b"", b"\x03\xff", b"\xff" * 300]
        for frame in frames:
            await socket.connection.send(frame)
        await socket.push("realtime:room", "broadcast", {"type": "broadcast", "event": "e", "payload": {}})
        assert (await socket.event("broadcast")).payload["event"] == "e"
        assert (await bystander.event("broadcast")).payload["event"] == "e"


async def test_a_frame_that_is_too_long_ends_its_connection_alone(gateway: Gateway) -> None:
    async with wire(gateway) as bystander:
        await bystander.join("room")
        async with wire(gateway) as socket:
            with suppress(ConnectionClosedError):
                await socket.connection.send("x" * 5_000_001)
            with pytest.raises(ConnectionClosedError) as end:
                await socket.connection.recv()
            assert end.value.rcvd is not None
            assert end.value.rcvd.code == 1009
        assert (await bystander.ask("phoenix", "heartbeat", {}))["status"] == "ok"


async def test_a_socket_has_at_most_a_hundred_channels(gateway: Gateway) -> None:
    async with wire(gateway) as socket:
        for number in range(100):
            await socket.joined(f"room-{number}")
        reply = await socket.join("one-too-many")
        assert reply["response"]["reason"] == "ChannelRateLimitReached: Too many channels"
        await socket.ask("realtime:room-7", "phx_leave", {}, None)


async def test_liveness_is_answered(gateway: Gateway) -> None:
    async with httpx.AsyncClient(base_url=gateway.url) as http:
        assert (await http.get("/realtime/v1/api/ping")).json() == {"message": "Success"}
        assert (await http.get("/healthcheck")).text == "ok"
