"""What every request passes first."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from infra.local.gateway.edge import Edge
from infra.local.gateway.http import read_body, send_answer
from infra.local.gateway.keys import Keyring

pytestmark = pytest.mark.anyio
KEYRING = Keyring("a secret of more than thirty-two characters", "sb_publishable_a", "sb_secret_b")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"].endswith("/broken"):
        raise RuntimeError("a fault")
    body = await read_body(receive, {}, 10)
    await send_answer(send, 200, {"x-odd": "a\r\nset-cookie: b=c"}, body)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=Edge(echo, KEYRING), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as made:
        yield made


@pytest.mark.parametrize("path", ["/rest/v1/x", "/auth/v1/user"])
async def test_guarded_services_need_a_key(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 401
    assert (await client.get(path, headers={"apikey": "wrong"})).json()["message"] == "Invalid API key"
    assert (await client.get(path, headers={"apikey": "sb_publishable_a"})).status_code == 200
    assert (await client.get(path, params={"apikey": "sb_publishable_a"})).status_code == 200


async def test_open_paths(client: httpx.AsyncClient) -> None:
    for path in ("/auth/v1/.well-known/jwks.json", "/storage/v1/object/public/b/o", "/healthz"):
        assert (await client.get(path)).status_code == 200


async def test_a_fault_is_answered_without_details(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = await client.get("/broken")
    assert (answer.status_code, answer.json()) == (500, {"message": "An unexpected error occurred"})
    assert "a fault" in caplog.text


async def test_headers_cannot_be_injected(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert answer.headers["x-odd"] == "aset-cookie: b=c"
    assert "set-cookie" not in answer.headers


async def test_the_access_log_is_silent_about_what_is_asked_again_and_again(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="rivulet.gateway.access"):
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.post("/rest/v1/rpc/claim_jobs_v1")).status_code == 401  # without a key
    told = [one.__dict__["fields"]["path"] for one in caplog.records if one.name == "rivulet.gateway.access"]
    assert told == ["/rest/v1/rpc/claim_jobs_v1"]


async def test_the_access_log_keeps_secrets(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="rivulet.gateway.access"):
        await client.get(
            "/rest/v1/x?apikey=sb_secret_b&token=private",
            headers={"authorization": "Bearer private", "apikey": "sb_secret_b"},
        )
    (record,) = [one for one in caplog.records if one.name == "rivulet.gateway.access"]
    fields = record.__dict__["fields"]
    assert (fields["method"], fields["path"], fields["status"]) == ("GET", "/rest/v1/x", 200)
    assert "private" not in str(record.__dict__)
    assert "sb_secret_b" not in str(record.__dict__)
