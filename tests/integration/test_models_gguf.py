"""A chat model from a GGUF file: requests and answers pass through llama.cpp's server, here played by a small one."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import together
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from infra.local import ports
from infra.local.models.app import create_app
from infra.local.models.settings import ModelSettings
from tests import serving
from tests.waiting import eventually

MODEL = "gguf/tiny-chat"
MESSAGES: list[Any] = [{"role": "user", "content": "Count to three."}]
CHUNK = b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"gguf/tiny-chat","choices":[%s]}\n\n'
DELTA = b'{"index":0,"delta":{"role":"assistant","content":"%d "},"finish_reason":null}'


class Llama:
    """llama.cpp's HTTP surface, as far as it is used; remembers what it was sent."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.abandoned = False

    async def chat(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(body)
        self.keys.append(request.headers["authorization"].removeprefix("Bearer "))
        if body["messages"][0]["content"] == "too long":
            return JSONResponse({"error": {"code": 400, "message": "exceeds the context"}}, 400)
        endless = body["messages"][0]["content"] == "for ever"
        return StreamingResponse(self._count(endless), media_type="text/event-stream")

    async def _count(self, endless: bool) -> AsyncIterator[bytes]:
        number = 0
        try:
            while endless or number < 3:
                number += 1
                yield CHUNK % (DELTA % number)
                await asyncio.sleep(0)
        finally:
            self.abandoned = endless
        yield CHUNK % b'{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}'
        yield b"data: [DONE]\n\n"


@pytest.fixture
def llama() -> Llama:
    return Llama()


@pytest.fixture
def parameters() -> SimpleNamespace:
    """What `xllamacpp.CommonParams()` gives, as far as it is used."""
    return SimpleNamespace(model=SimpleNamespace(path=""), cpuparams=SimpleNamespace(n_threads=0), api_keys=[])


@pytest.fixture
def client(
    llama: Llama, parameters: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[together.Together]:
    file = tmp_path / "tiny-chat.gguf"
    file.touch()
    upstream = Starlette(routes=[Route("/v1/chat/completions", llama.chat, methods=["POST"])])
    with serving.application(lambda _: upstream) as url:
        server = SimpleNamespace(listening_address=url)
        package = SimpleNamespace(CommonParams=lambda: parameters, Server=lambda _: server)
        monkeypatch.setitem(sys.modules, "xllamacpp", package)
        settings = {"MODELS_DIR": str(tmp_path / "models"), "RIVULET_GGUF": str(file), "MODELS_HOST": ports.HOST}
        app = create_app(ModelSettings.from_env(settings))
        with (
            serving.application(lambda _: app) as own,
            together.Together(api_key="any", base_url=own, max_retries=0) as made,
        ):
            yield made


def test_a_stream_passes_through_with_usage_asked_for(
    client: together.Together, llama: Llama, parameters: SimpleNamespace
) -> None:
    chunks = list(client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, temperature=0.3))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "1 2 3 "
    assert chunks[-1].choices[0].finish_reason == "stop"
    [body] = llama.bodies
    assert body["stream_options"] == {"include_usage": True}
    assert (body["model"], body["temperature"]) == (MODEL, 0.3)
    assert llama.keys == parameters.api_keys
    assert parameters.model_alias == {MODEL}
    assert parameters.hostnames == ["127.0.0.1"]


def test_a_refusal_passes_through(client: together.Together) -> None:
    with pytest.raises(together.BadRequestError, match="exceeds the context"):
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "too long"}])


def test_a_client_that_leaves_ends_the_generation(client: together.Together, llama: Llama) -> None:
    stream = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "for ever"}], stream=True
    )
    next(iter(stream))
    with suppress(Exception):
        stream.close()

    def ended() -> None:
        assert llama.abandoned

    eventually(ended)


def test_the_built_in_model_stays_beside_it(client: together.Together) -> None:
    with pytest.raises(together.NotFoundError, match=f"rivulet/extractive-1, {MODEL}"):
        client.chat.completions.create(model="other", messages=MESSAGES)
