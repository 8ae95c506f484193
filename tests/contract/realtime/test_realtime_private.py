"""Private channels: policies on ``realtime.messages`` decide who hears and who speaks."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from supabase import acreate_client

from tests.conftest import Gateway
from tests.contract.realtime.wire import Wire, token, wire

pytestmark = pytest.mark.anyio
Run = Callable[[str], None]
PRIVATE: dict[str, Any] = {"private": True, "broadcast": {"ack": True}}
ANNA, BERT = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
HELLO = {"type": "broadcast", "event": "hello", "payload": {"a": 1}}


def policy(topic: str, command: str, condition: str, role: str = "authenticated") -> str:
    clause = "using" if command == "select" else "with check"
    return (
        f'create policy "{topic} {command} {role}" on realtime.messages for {command} to {role} '
        f"{clause} (realtime.topic() = '{topic}' and {condition})"
    )


def refusal(topic: str) -> dict[str, Any]:
    reason = f"Unauthorized: You do not have permissions to read from this Channel topic: {topic}"
    return {"status": "error", "response": {"reason": reason}}


async def test_without_a_policy_nobody_but_the_service_joins(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as public, wire(gateway, key=gateway.database.secret_key) as service:
        assert await public.join(name, PRIVATE) == refusal(name)
        assert await public.join(name, PRIVATE, token(gateway)) == refusal(name)
        assert (await service.join(name, PRIVATE))["status"] == "ok"


async def test_a_policy_sees_the_topic_the_claims_and_the_headers(gateway: Gateway, name: str, run: Run) -> None:
    run(
        policy(
            name,
            "select",
            f"auth.uid() = '{ANNA}' and extension = 'broadcast' and topic = '{name}'"
            " and current_setting('request.headers')::json ->> 'host' <> ''",
        )
    )
    async with wire(gateway) as socket:
        assert await socket.join(name, PRIVATE, token(gateway, BERT)) == refusal(name)
        assert (await socket.join(name, PRIVATE, token(gateway, ANNA)))["status"] == "ok"
        assert await socket.join(f"{name}-2", PRIVATE, token(gateway, ANNA)) == refusal(f"{name}-2")


async def test_speaking_needs_a_policy_of_its_own(gateway: Gateway, name: str, run: Run) -> None:
    run(policy(name, "select", "true"))
    run(policy(name, "insert", f"auth.uid() = '{ANNA}' and extension = 'broadcast'"))
    async with wire(gateway) as anna, wire(gateway) as bert:
        await anna.joined(name, PRIVATE, token(gateway, ANNA))
        await bert.joined(name, PRIVATE, token(gateway, BERT))
        assert await bert.ask(f"realtime:{name}", "broadcast", HELLO) == {
            "status": "error",
            "response": {"error": "unauthorized"},
        }
        assert await anna.until_answered() == []
        assert (await anna.ask(f"realtime:{name}", "broadcast", HELLO))["status"] == "ok"
        assert (await bert.event("broadcast")).payload == HELLO


async def test_broadcast_and_presence_are_allowed_apart(gateway: Gateway, name: str, run: Run) -> None:
    run(policy(name, "select", f"extension = case when auth.uid() = '{ANNA}' then 'broadcast' else 'presence' end"))
    run(policy(name, "insert", "true"))
    config = {**PRIVATE, "presence": {"enabled": True, "key": "k"}}
    async with wire(gateway) as anna, wire(gateway) as bert:
        await anna.joined(name, config, token(gateway, ANNA))
        await bert.joined(name, config, token(gateway, BERT))
        assert (await bert.event("presence_state")).payload == {}
        track = {"event": "track", "payload": {"u": 1}}
        await anna.ask(f"realtime:{name}", "presence", track)
        await anna.ask(f"realtime:{name}", "broadcast", HELLO)
        assert [frame.event for frame in await bert.until_answered()] == ["presence_diff"]
        await bert.ask(f"realtime:{name}", "broadcast", HELLO)
        assert [frame.event for frame in await anna.until_answered()] == ["broadcast"]


async def test_presence_needs_permission_to_write(gateway: Gateway, name: str, run: Run) -> None:
    run(policy(name, "select", "true"))
    run(policy(name, "insert", "extension = 'broadcast'"))
    async with wire(gateway) as socket:
        await socket.joined(name, {**PRIVATE, "presence": {"enabled": True}}, token(gateway))
        reply = await socket.ask(f"realtime:{name}", "presence", {"event": "track", "payload": {}})
        assert reply == {"status": "error", "response": {}}


async def test_a_policy_that_fails_refuses(gateway: Gateway, name: str, run: Run) -> None:
    run(policy(name, "select", "1 / (length(topic) - length(topic)) = 1"))
    async with wire(gateway) as socket:
        reply = await socket.join(name, PRIVATE, token(gateway))
        assert reply == {"status": "error", "response": {"reason": "Unauthorized: division by zero"}}
        unknown = await socket.join(name, PRIVATE, token(gateway, role="nobody"))
        assert unknown["response"]["reason"].startswith("Unauthorized: ")


async def test_probing_leaves_no_rows(gateway: Gateway, name: str, run: Run) -> None:
    run(policy(name, "select", "true"))
    run(policy(name, "insert", "true"))
    async with wire(gateway) as socket:
        await socket.joined(name, {**PRIVATE, "presence": {"enabled": True}}, token(gateway))
        await socket.ask(f"realtime:{name}", "broadcast", HELLO)
    run(f"do $$ begin assert not exists (select from realtime.messages where topic = '{name}'); end $$")


async def test_http_asks_the_same_policies(gateway: Gateway, name: str, run: Run) -> None:
    run(policy(name, "insert", f"auth.uid() = '{ANNA}'"))
    path = f"/realtime/v1/api/broadcast/{name}/events/ev"
    async with wire(gateway, key=gateway.database.secret_key) as listener:
        await listener.joined(name, PRIVATE)
        async with httpx.AsyncClient(base_url=gateway.url, params={"private": "true"}) as client:
            for subject, status in ((BERT, 403), (ANNA, 202)):
                headers = {"authorization": f"Bearer {token(gateway, subject)}"}
                assert (await client.post(path, json={"by": subject}, headers=headers)).status_code == status
        assert (await listener.event("broadcast")).payload["payload"] == {"by": ANNA}


async def test_the_python_client_joins_with_its_users_token(gateway: Gateway, name: str, run: Run) -> None:
    run(policy(name, "select", f"auth.uid() = '{ANNA}'"))
    client = await acreate_client(gateway.url, gateway.database.publishable_key)
    try:
        await client.realtime.set_auth(token(gateway, ANNA))
        heard: asyncio.Queue[Any] = asyncio.Queue()
        channel = client.channel(name, {"config": {"private": True, "broadcast": None, "presence": None}})
        channel.on_broadcast("ev", heard.put_nowait)
        await channel.subscribe()
        async with httpx.AsyncClient(base_url=gateway.url) as http:
            batch = [{"topic": name, "event": "ev", "payload": {"n": 1}, "private": True}]
            headers = {"apikey": gateway.database.secret_key}
            await http.post("/realtime/v1/api/broadcast", json={"messages": batch}, headers=headers)
        async with asyncio.timeout(5):
            assert (await heard.get())["payload"] == {"n": 1}
    finally:
        await client.remove_all_channels()


async def announced(socket: Wire) -> str:
    notice = await socket.event("system")
    assert notice.payload["status"] == "error"
    await socket.event("phx_close")
    return str(notice.payload["message"])


async def test_a_new_token_that_may_less_ends_the_channel(gateway: Gateway, name: str, run: Run) -> None:
    run(policy(name, "select", f"auth.uid() = '{ANNA}'"))
    async with wire(gateway) as socket:
        await socket.joined(name, PRIVATE, token(gateway, ANNA))
        await socket.push(f"realtime:{name}", "access_token", {"access_token": token(gateway, BERT)})
        assert await announced(socket) == f"You no longer have permission to read from this Channel topic: {name}"


async def test_a_new_token_that_may_more_is_asked_about_again(gateway: Gateway, name: str, run: Run) -> None:
    run(policy(name, "select", "true"))
    run(policy(name, "insert", f"auth.uid() = '{ANNA}'"))
    async with wire(gateway) as socket:
        await socket.joined(name, PRIVATE, token(gateway, BERT))
        assert (await socket.ask(f"realtime:{name}", "broadcast", HELLO))["status"] == "error"
        await socket.push(f"realtime:{name}", "access_token", {"access_token": token(gateway, ANNA)})
        assert (await socket.ask(f"realtime:{name}", "broadcast", HELLO))["status"] == "ok"
