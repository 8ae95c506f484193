"""Functions behind the gateway: who may call them, and that requests and answers pass through."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from supabase_functions.errors import FunctionsRelayError

from infra.local import ports
from infra.local.gateway.app import create_app
from tests import serving
from tests.contract.conftest import Client, MakeClient, Project

pytestmark = pytest.mark.anyio


async def echo(request: Request) -> Response:
    body = (await request.body()).decode()
    told = {"method": request.method, "path": request.url.path, "query": request.url.query, "body": body}
    return JSONResponse({**told, "x": request.headers.get("x-own", "")}, 201, {"x-answer": "yes"})


async def trickle(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"one ", b"two ", b"three"):
            yield piece

    return StreamingResponse(pieces(), media_type="text/event-stream")


@dataclass(frozen=True)
class Served:
    """A gateway with functions behind it."""

    url: str
    project: Project


@pytest.fixture(scope="module")
def served(project: Project) -> Iterator[Served]:
    if project.settings is None:
        pytest.skip("another Supabase does not have these functions")
    routes = [
        Route(path, handler, methods=["GET", "POST"]) for path, handler in (("/trickle", trickle), ("/{p:path}", echo))
    ]
    with serving.application(lambda port: Starlette(routes=routes)) as functions:
        where = f"echo={functions},gone=http://{ports.HOST}:{ports.any_free()}"
        settings = project.settings.model_copy(update={"functions": where})
        with serving.application(lambda port: create_app(settings.model_copy(update={"port": port}))) as url:
            yield Served(url, project)


@pytest.fixture
async def caller(served: Served, make_client: MakeClient) -> Client:
    return await make_client(served.project.publishable_key, url=served.url)


async def test_a_function_is_called_with_body_and_headers(caller: Client) -> None:
    options = {"body": {"a": 1}, "headers": {"x-own": "mine"}, "responseType": "json"}
    answer = await caller.functions.invoke("echo", options)
    assert (answer["method"], answer["path"], answer["x"]) == ("POST", "/", "mine")
    assert answer["body"] in ('{"a": 1}', '{"a":1}')


async def test_a_function_that_does_not_run(caller: Client) -> None:
    with pytest.raises(FunctionsRelayError):
        await caller.functions.invoke("gone", {})


async def test_paths_queries_and_streams_pass_through(served: Served) -> None:
    headers = {"apikey": served.project.publishable_key}
    async with httpx.AsyncClient(base_url=f"{served.url}/functions/v1", headers=headers) as http:
        answer = await http.post("/echo/some/where?b=c%20d", content=b"x" * 100_000)
        assert (answer.status_code, answer.headers["x-answer"]) == (201, "yes")
        told = answer.json()
        assert (told["path"], told["query"], len(told["body"])) == ("/some/where", "b=c%20d", 100_000)
        async with http.stream("GET", "/echo/trickle") as stream:
            assert (await stream.aread()).decode() == "one two three"
        assert (await http.get("/nowhere")).status_code == 404


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Missing authorization header"),
        ({"authorization": "Bearer a.b.c"}, "Invalid JWT"),
        ({"apikey": "x"}, "Invalid JWT"),
    ],
)
async def test_a_function_needs_a_good_token(served: Served, headers: dict[str, str], message: str) -> None:
    async with httpx.AsyncClient(base_url=served.url) as http:
        answer = await http.post("/functions/v1/echo", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"code": 401, "message": message})
