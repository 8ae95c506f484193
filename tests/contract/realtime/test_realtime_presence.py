"""Presence: states, differences, limits, and the official client's view of it."""

import asyncio
from typing import Any

import pytest
from realtime import RealtimeChannelOptions
from supabase import acreate_client

from tests.conftest import Gateway
from tests.contract.realtime.wire import Wire, wire

pytestmark = pytest.mark.anyio


def present(key: str) -> dict[str, Any]:
    return {"presence": {"enabled": True, "key": key}}


async def track(socket: Wire, topic: str, state: Any, event: str = "track") -> Any:
    return await socket.ask(f"realtime:{topic}", "presence", {"type": "presence", "event": event, "payload": state})


def shown(metas: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return states without the server's references, which must be there."""
    assert all("phx_ref" in meta for entry in metas.values() for meta in entry["metas"])
    return {
        key: [{k: v for k, v in meta.items() if not k.startswith("phx_")} for meta in entry["metas"]]
        for key, entry in metas.items()
    }


@pytest.mark.parametrize("version", [1, 2])
async def test_everyone_learns_who_comes_changes_and_goes(gateway: Gateway, name: str, version: int) -> None:
    async with wire(gateway, version) as watcher:
        await watcher.joined(name, present("w"))
        assert (await watcher.event("presence_state")).payload == {}
        async with wire(gateway, version) as other:
            await other.joined(name, present("o"))
            assert await track(other, name, {"u": 1}) == {"status": "ok", "response": {}}
            joined = (await watcher.event("presence_diff")).payload
            assert (shown(joined["joins"]), joined["leaves"]) == ({"o": [{"u": 1}]}, {})
            await track(other, name, {"u": 2}, "TRACK")
            changed = (await watcher.event("presence_diff")).payload
            assert (shown(changed["joins"]), changed["leaves"]) == ({"o": [{"u": 2}]}, joined["joins"])
            async with wire(gateway, version) as late:
                await late.joined(name, present("l"))
                assert shown((await late.event("presence_state")).payload) == {"o": [{"u": 2}]}
        left = (await watcher.event("presence_diff")).payload
        assert (left["joins"], shown(left["leaves"])) == ({}, {"o": [{"u": 2}]})


async def test_the_same_state_again_is_answered_but_not_told(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as socket:
        await socket.joined(name, present("k"))
        await track(socket, name, {"u": 1})
        assert (await socket.event("presence_diff")).payload["leaves"] == {}
        assert (await track(socket, name, {"u": 1}))["status"] == "ok"
        assert "presence_diff" not in [frame.event for frame in await socket.until_answered()]


async def test_untracking_and_leaving_are_told(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as watcher, wire(gateway) as other:
        await watcher.joined(name, present("w"))
        join_ref = await other.push(f"realtime:{name}", "phx_join", {"config": present("o")})
        await track(other, name, {"u": 1})
        await watcher.event("presence_diff")
        assert (await track(other, name, None, "untrack"))["status"] == "ok"
        assert shown((await watcher.event("presence_diff")).payload["leaves"]) == {"o": [{"u": 1}]}
        await track(other, name, {"u": 2})
        await watcher.event("presence_diff")
        await other.ask(f"realtime:{name}", "phx_leave", {}, join_ref)
        assert shown((await watcher.event("presence_diff")).payload["leaves"]) == {"o": [{"u": 2}]}


async def test_a_key_is_made_up_if_none_is_given_and_shared_if_it_is_the_same(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as one, wire(gateway) as two, wire(gateway) as anonymous:
        for socket, key in ((one, "same"), (two, "same"), (anonymous, "")):
            await socket.joined(name, present(key))
            await track(socket, name, {"u": 1})
        await anonymous.event("presence_diff")
        async with wire(gateway) as late:
            await late.joined(name, present("l"))
            state = shown((await late.event("presence_state")).payload)
        (made_up,) = set(state) - {"same"}
        assert len(made_up) == 36
        assert state["same"] == [{"u": 1}, {"u": 1}]


async def test_tracking_turns_presence_on(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as socket:
        await socket.joined(name, {"presence": {"enabled": False, "key": "k"}})
        assert await socket.until_answered() == []
        assert (await track(socket, name, {"u": 1}))["status"] == "ok"
        assert (await socket.event("presence_state")).payload == {}
        assert shown((await socket.event("presence_diff")).payload["joins"]) == {"k": [{"u": 1}]}


async def test_faults_are_answered(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as socket:
        await socket.joined(name, present("k"))
        assert await track(socket, name, [1]) == {
            "status": "error",
            "response": {"reason": "Presence track payload must be a map"},
        }
        assert (await track(socket, name, {}, "dance")) == {"status": "error", "response": {}}


async def test_the_sixth_call_in_half_a_minute_ends_the_channel(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as socket:
        await socket.joined(name, present("k"))
        for number in range(5):
            assert (await track(socket, name, {"u": number}))["status"] == "ok"
        await socket.push(f"realtime:{name}", "presence", {"event": "track", "payload": {}})
        notice = await socket.event("system")
        assert (notice.payload["status"], notice.payload["message"]) == (
            "error",
            "Client presence rate limit exceeded",
        )
        await socket.event("phx_close")


def options(key: str) -> RealtimeChannelOptions:
    return {"config": {"broadcast": None, "private": False, "presence": {"key": key, "enabled": True}}}


async def test_the_python_client_sees_people(gateway: Gateway, name: str) -> None:
    clients = [await acreate_client(gateway.url, gateway.database.publishable_key) for _ in range(2)]
    try:
        seen: asyncio.Queue[set[str]] = asyncio.Queue()
        watching = clients[0].channel(name, options("w"))
        watching.on_presence_sync(lambda: seen.put_nowait(set(watching.presence_state())))
        await watching.subscribe()
        other = clients[1].channel(name, options("o"))
        await other.subscribe()
        await other.track({"u": 1})
        async with asyncio.timeout(5):
            while await seen.get() != {"o"}:
                pass
            await other.untrack()
            while await seen.get() != set():
                pass
    finally:
        for client in clients:
            await client.remove_all_channels()
