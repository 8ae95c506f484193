"""What a Chroma server that is not itself is taken for."""

import socket
import uuid
from collections.abc import Callable

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from functions.effects.chroma import KEY_HEADER, Chroma
from schema.errors import TransientError
from schema.places import VectorServer
from tests import serving


def server(answer: Callable[[Request], Response]) -> Starlette:
    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


@pytest.mark.anyio
async def test_what_a_proxy_says_in_its_place_passes() -> None:
    proxy = server(lambda _: PlainTextResponse("<h1>Bad gateway</h1>", 502))
    with serving.application(lambda _: proxy) as url, pytest.raises(TransientError):
        await Chroma(VectorServer(url)).names(1, 0)


@pytest.mark.anyio
async def test_nobody_waits_for_ever_for_one_that_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        chroma = Chroma(VectorServer(f"http://127.0.0.1:{silent.getsockname()[1]}"), seconds=0.1)
        with pytest.raises(TransientError):
            await chroma.names(1, 0)


@pytest.mark.anyio
async def test_a_fault_of_ours_stays_one(chroma: str) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Chroma(VectorServer(chroma)).found("nothing"):
            raise ZeroDivisionError


@pytest.mark.anyio
async def test_the_key_the_tenant_and_the_database_are_told() -> None:
    replies = {
        "identity": {"user_id": "a", "tenant": "falk", "databases": ["weirs"]},
        "falk": {"name": "falk"},
        "weirs": {"id": str(uuid.uuid4()), "name": "weirs", "tenant": "falk"},
        "collections": [],
    }
    asked: list[tuple[str | None, str]] = []

    def answer(request: Request) -> Response:
        asked.append((request.headers.get(KEY_HEADER), request.url.path))
        return JSONResponse(replies[request.url.path.rsplit("/", 1)[1]])

    with serving.application(lambda _: server(answer)) as url:
        cloud = VectorServer(url, SecretStr("ck-1"), "falk", "weirs")
        assert await Chroma(cloud).names(10, 0) == []

    assert {key for key, _ in asked} == {"ck-1"}
    assert asked[-1][1] == "/api/v2/tenants/falk/databases/weirs/collections"
