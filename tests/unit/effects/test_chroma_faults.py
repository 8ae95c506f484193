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
from functions.effects.search_chroma import ChromaSearch
from schema.answers import Placement
from schema.errors import TransientError
from schema.places import Place, VectorServer
from schema.search import Hit
from tests import serving


def server(answer: Callable[[Request], Response]) -> Starlette:
    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


@pytest.mark.anyio
@pytest.mark.parametrize("status", [200, 502])
async def test_what_a_proxy_says_in_its_place_passes(status: int) -> None:
    proxy = server(lambda _: PlainTextResponse("<h1>Back soon</h1>", status))
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
    collection, found = uuid.uuid4(), uuid.uuid4()
    replies = {
        "identity": {"user_id": "a", "tenant": "falk", "databases": ["weirs"]},
        "falk": {"name": "falk"},
        "weirs": {"id": str(uuid.uuid4()), "name": "weirs", "tenant": "falk"},
        "collections": {
            "id": str(collection), "name": "own.minilm", "tenant": "falk", "database": "weirs",
            "configuration_json": {}, "metadata": None, "dimension": 2, "version": 0, "log_position": 0,
        },
        "query": {"ids": [[str(found)]], "distances": [[0.25]]},
    }  # fmt: skip
    asked: list[tuple[str | None, str]] = []

    def answer(request: Request) -> Response:
        asked.append((request.headers.get(KEY_HEADER), request.url.path))
        return JSONResponse(replies[request.url.path.rsplit("/", 1)[1]])

    with serving.application(lambda _: server(answer)) as url:
        cloud = VectorServer(url, SecretStr("ck-1"), "falk", "weirs")
        index = ChromaSearch(cloud)
        at = Placement(library_id=uuid.uuid4(), collection="own", model="minilm", shared=False)
        assert await index.query([at], [1.0, 0.0], "minilm", 10) == [Hit(found, 0.75)]
        await index.close()

    assert {key for key, _ in asked} == {"ck-1"}
    assert asked[-1][1] == f"/api/v2/tenants/falk/databases/weirs/collections/{collection}/query"


@pytest.mark.anyio
async def test_a_collection_made_anew_is_found_at_the_next_try(chroma: str) -> None:
    place = Place(collection=f"own-{uuid.uuid4()}", model="minilm")
    at = Placement(library_id=uuid.uuid4(), collection=place.collection, model=place.model, shared=False)
    index, other = ChromaSearch(VectorServer(chroma)), Chroma(VectorServer(chroma))
    assert await index.query([at], [1.0, 0.0], place.model, 10) == []
    await other.drop(place.physical)

    with pytest.raises(TransientError):
        await index.query([at], [1.0, 0.0], place.model, 10)
    assert await index.query([at], [1.0, 0.0], place.model, 10) == []
    await index.close()
