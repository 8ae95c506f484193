"""Calls of database functions over HTTP, and what replies mean."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from functions.effects import supabase
from functions.effects.supabase import Supabase
from schema.errors import JobError, PermanentError, TransientError
from schema.settings import Settings
from tests import serving

KEY = "sb_secret_of_a_test"


class DataApi:
    """Replies with what it is told to, one after the other; keeps what it was asked."""

    def __init__(self) -> None:
        self.replies: list[Response] = []
        self.asked: list[tuple[str, str | None, Any]] = []

    async def answer(self, request: Request) -> Response:
        self.asked.append((request.path_params["function"], request.headers.get("apikey"), await request.json()))
        return self.replies.pop(0)


@pytest.fixture
def api() -> Iterator[tuple[DataApi, Settings]]:
    made = DataApi()
    routes = [Route("/rest/v1/rpc/{function}", made.answer, methods=["POST"])]
    with serving.application(lambda _: Starlette(routes=routes)) as url:
        yield made, settings(url)


def settings(url: str) -> Settings:
    return Settings.from_env(
        {"SUPABASE_URL": url, "SUPABASE_SECRET_KEY": KEY, "CHROMA_URL": url, "TOGETHER_BASE_URL": url}
    )


def problem(status: int, code: str) -> Response:
    return Response(json.dumps({"code": code, "message": "It says no."}), status, media_type="application/json")


async def call(settings: Settings) -> Any:
    made = Supabase(settings)
    try:
        return await made.call("f_v1", name="weir", depth=2)
    finally:
        await made.close()


@pytest.mark.anyio
async def test_arguments_and_result_are_json(api: tuple[DataApi, Settings]) -> None:
    api[0].replies = [Response('{"answer": [1, null, "ä"]}', media_type="application/json")]

    assert await call(api[1]) == {"answer": [1, None, "ä"]}
    assert api[0].asked == [("f_v1", KEY, {"p_name": "weir", "p_depth": 2})]


@pytest.mark.anyio
async def test_a_function_that_returns_nothing_gives_none(api: tuple[DataApi, Settings]) -> None:
    api[0].replies = [Response(status_code=204)]

    assert await call(api[1]) is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reply", "meant", "said"),
    [
        (problem(400, "22P02"), PermanentError, "The database refused the data: It says no."),
        (problem(409, "23505"), PermanentError, "The database refused the data: It says no."),
        (problem(500, "57014"), TransientError, "The database answered 57014: It says no."),
        (problem(503, "PGRST001"), TransientError, "The database answered PGRST001: It says no."),
        (Response("<html>Bad gateway", 502), TransientError, "The database service answered 502."),
        (Response("[]", 500), TransientError, "The database service answered 500."),
    ],
)
async def test_what_a_refusal_means(
    api: tuple[DataApi, Settings], monkeypatch: pytest.MonkeyPatch, reply: Response, meant: type[JobError], said: str
) -> None:
    monkeypatch.setattr(supabase, "patiently", lambda act: act())
    api[0].replies = [reply]

    with pytest.raises(meant) as refused:
        await call(api[1])

    assert type(refused.value) is meant
    assert refused.value.message == said


@pytest.mark.anyio
async def test_a_flicker_is_sat_out(api: tuple[DataApi, Settings]) -> None:
    api[0].replies = [Response("", 502), problem(503, "PGRST001"), Response("7", media_type="application/json")]

    assert await call(api[1]) == 7


@pytest.mark.anyio
async def test_nobody_there_is_transient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supabase, "patiently", lambda act: act())

    with pytest.raises(TransientError, match="cannot be reached"):
        await call(settings("http://127.0.0.1:1"))
