"""Broadcast over HTTP: batches, single messages, refusals."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from supabase import acreate_client

from tests.conftest import Gateway
from tests.contract.realtime.wire import token, wire

pytestmark = pytest.mark.anyio
BATCH = "/realtime/v1/api/broadcast"


@asynccontextmanager
async def http(gateway: Gateway, key: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"apikey": key or gateway.database.publishable_key}
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers) as client:
        yield client


def message(topic: str, **fields: Any) -> dict[str, Any]:
    return {"topic": topic, "event": "ev", "payload": {"a": 1}, **fields}


async def test_a_batch_reaches_its_topics(gateway: Gateway, name: str) -> None:
    async with wire(gateway, 1) as listener, http(gateway) as client:
        await listener.joined(name)
        batch = [message(name), message(name, payload={"b": 2}, id="m1"), message("elsewhere")]
        answer = await client.post(BATCH, json={"messages": batch})
        assert (answer.status_code, answer.content) == (202, b"")
        assert {"x-rate-rolling", "x-rate-limit", "x-rate-limit-remaining"} <= set(answer.headers)
        assert (await listener.event("broadcast")).payload == {"type": "broadcast", "event": "ev", "payload": {"a": 1}}
        assert (await listener.event("broadcast")).payload == {
            "type": "broadcast",
            "event": "ev",
            "payload": {"b": 2},
            "meta": {"id": "m1"},
        }


async def test_the_service_key_reaches_private_topics_and_the_public_one_does_not(gateway: Gateway, name: str) -> None:
    batch = {"messages": [message(name, private=True)]}
    async with wire(gateway, key=gateway.database.secret_key) as listener:
        await listener.joined(name, {"private": True})
        async with http(gateway) as client:
            assert (await client.post(BATCH, json=batch)).status_code == 202
        assert await listener.until_answered() == []
        async with http(gateway, gateway.database.secret_key) as client:
            assert (await client.post(BATCH, json=batch)).status_code == 202
        assert (await listener.event("broadcast")).payload["payload"] == {"a": 1}


@pytest.mark.parametrize("prefix", ["/realtime/v1", ""])
async def test_single_messages_name_topic_and_event_in_the_path(gateway: Gateway, name: str, prefix: str) -> None:
    topic = f"{name}:a/b ü"
    async with wire(gateway, 2) as new, wire(gateway, 1) as old, http(gateway) as client:
        await new.joined(topic)
        await old.joined(topic)
        path = f"{prefix}/api/broadcast/{name}%3Aa%2Fb%20%C3%BC/events/my%2Fevent"
        assert (await client.post(path, json={"a": 1})).status_code == 202
        wanted = {"type": "broadcast", "event": "my/event", "payload": {"a": 1}}
        assert (await new.event("broadcast")).payload == wanted
        assert (await old.event("broadcast")).payload == wanted
        assert (await client.post(path, json=[1])).status_code == 202
        assert (await old.event("broadcast")).payload["payload"] == {"_json": [1]}
        octets = {"content-type": "application/octet-stream"}
        assert (await client.post(path, content=b"\x00\xff", headers=octets)).status_code == 202
        await new.event("broadcast")
        assert (await new.event("broadcast")).payload["payload"] == b"\x00\xff"
        assert await old.until_answered() == []


async def test_what_is_wrong_with_a_batch_is_told_by_field(gateway: Gateway) -> None:
    blank, refused = ["can't be blank"], 422
    async with http(gateway) as client:
        answer = await client.post(BATCH, json={"messages": [{"event": "e"}, message("t")]})
        assert (answer.status_code, answer.json()) == (
            refused,
            {"errors": {"messages": [{"topic": blank, "payload": blank}, {}]}},
        )
        large = message("t", payload={"x": "y" * 3_000_501})
        assert (await client.post(BATCH, json={"messages": [large]})).json() == {
            "errors": {"messages": [{"payload": ["Payload size exceeds tenant limit"]}]}
        }
        bodies: list[Any] = [{}, [], {"messages": []}, {"messages": "x"}, {"messages": [1]}, None]
        for body in bodies:
            assert (await client.post(BATCH, json=body)).status_code == refused
        assert (await client.post(BATCH, content=b"{")).status_code == refused
        assert (await client.post(BATCH, content=b" " * 8_000_001)).status_code == 413


async def test_single_messages_that_are_refused(gateway: Gateway, name: str) -> None:
    path = f"{BATCH}/{name}/events/e"
    async with http(gateway) as client:
        wrong = await client.post(path, content=b"x", headers={"content-type": "text/plain"})
        assert (wrong.status_code, wrong.json()) == (
            415,
            {"error": "Unsupported Media Type. Use application/json or application/octet-stream"},
        )
        forbidden = await client.post(path, json={}, params={"private": "true"})
        assert (forbidden.status_code, forbidden.json()) == (403, {"message": "Unauthorized"})
        octets = {"content-type": "application/octet-stream"}
        assert (await client.post(path, content=b"x" * 3_000_501, headers=octets)).status_code == 422
        assert (await client.post(f"{BATCH}/{name}/elsewhere", json={})).status_code == 404


async def test_a_key_or_token_is_needed(gateway: Gateway, name: str) -> None:
    batch = {"messages": [message(name)]}
    async with httpx.AsyncClient(base_url=gateway.url) as client:
        for headers in ({}, {"apikey": "sb_secret_wrong"}, {"authorization": f"Bearer {token(gateway)}x"}):
            answer = await client.post(BATCH, json=batch, headers=headers)
            assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
        for headers in (
            {"authorization": f"Bearer {token(gateway)}"},
            {"authorization": f"Bearer {gateway.database.publishable_key}"},
        ):
            assert (await client.post(BATCH, json=batch, headers=headers)).status_code == 202


async def test_the_python_client_sends_over_http(gateway: Gateway, name: str) -> None:
    client = await acreate_client(gateway.url, gateway.database.publishable_key)
    try:
        heard: asyncio.Queue[Any] = asyncio.Queue()
        channel = client.channel(name)
        channel.on_broadcast("ev", heard.put_nowait)
        await channel.subscribe()
        await client.channel(name).http_send("ev", {"a": 1})
        async with asyncio.timeout(5):
            assert (await heard.get())["payload"] == {"a": 1}
    finally:
        await client.remove_all_channels()
