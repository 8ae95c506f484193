"""Tokens of channels: checked on joining, renewed by push, ended by time."""

import time

import jwt
import pytest

from tests.conftest import Gateway
from tests.contract.realtime.wire import token, wire

pytestmark = pytest.mark.anyio


async def test_a_bad_token_refuses_the_join_with_its_kind_of_fault(gateway: Gateway, name: str) -> None:
    unsigned = jwt.encode({"role": "service_role", "exp": 4e9}, "", algorithm="none")
    faults = {
        "nonsense": "MalformedJWT: The token provided is not a valid JWT",
        "": None,
        token(gateway)[:-4] + "AAAA": "JwtSignatureError: Failed to validate JWT signature",
        token(gateway, exp="soon"): "InvalidJWTToken: Token expiration time is invalid",
        token(gateway, role=None): "InvalidJWTToken: Fields `role` and `exp` are required in JWT",
        unsigned: "JwtSignerError: ",
    }
    async with wire(gateway) as socket:
        for bad, reason in faults.items():
            reply = await socket.join(name, {}, bad)
            assert reply["status"] == ("ok" if reason is None else "error")
            assert reply["response"].get("reason", "").startswith(reason or "")
        expired = await socket.join(name, {}, token(gateway, exp=int(time.time()) - 60))
        assert expired["response"]["reason"] in [
            f"InvalidJWTToken: Token has expired {seconds} seconds ago" for seconds in (60, 61)
        ]


async def test_an_opaque_key_as_token_means_the_connections_own(gateway: Gateway, name: str) -> None:
    async with wire(gateway, key=gateway.database.secret_key) as socket:
        reply = await socket.join(name, {"private": True}, gateway.database.publishable_key)
        assert reply["status"] == "ok"


async def test_a_channel_ends_when_its_token_does_and_the_socket_stays(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as socket:
        await socket.joined(name, {}, token(gateway, exp=time.time() + 0.5))
        notice = await socket.event("system")
        assert notice.payload == {
            "channel": name,
            "extension": "system",
            "message": "Token has expired 0 seconds ago",
            "status": "error",
        }
        await socket.event("phx_close")
        await socket.joined(name, {}, token(gateway))


async def test_a_renewed_token_lets_the_channel_live_on(gateway: Gateway, name: str) -> None:
    async with wire(gateway) as socket:
        soon = time.time() + 0.5
        await socket.joined(f"{name}-old", {}, token(gateway, exp=soon))
        await socket.joined(name, {"broadcast": {"ack": True}}, token(gateway, exp=soon))
        await socket.push(f"realtime:{name}", "access_token", {"access_token": token(gateway)})
        await socket.event("phx_close", f"{name}-old")
        assert (await socket.ask(f"realtime:{name}", "broadcast", {}))["status"] == "ok"


@pytest.mark.parametrize("payload", [{}, {"access_token": None}, {"access_token": "sb_publishable_x"}, {"other": 1}])
async def test_what_is_no_new_token_is_ignored(gateway: Gateway, name: str, payload: dict[str, str]) -> None:
    async with wire(gateway) as socket:
        await socket.joined(name)
        await socket.push(f"realtime:{name}", "access_token", payload)
        assert await socket.until_answered() == []


async def test_a_bad_new_token_ends_the_channel(gateway: Gateway, name: str) -> None:
    bad = {
        "": "The token provided is not a valid JWT",
        "nonsense": "The token provided is not a valid JWT",
        token(gateway, role=None): "Fields `role` and `exp` are required in JWT",
        token(gateway, exp=int(time.time()) - 1): "Token has expired 1 seconds ago",
    }
    async with wire(gateway) as socket:
        for new, message in bad.items():
            await socket.joined(name)
            await socket.push(f"realtime:{name}", "access_token", {"access_token": new})
            assert (await socket.event("system")).payload["message"][:17] == message[:17]
            await socket.event("phx_close")
