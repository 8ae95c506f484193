"""A chat model of the operator's choice: a GGUF file, run by llama.cpp inside this process (package `xllamacpp`)."""

from __future__ import annotations

import importlib
import secrets
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from infra.local.models.bodies import ChatBody
from infra.local.models.catalogue import Model
from infra.local.models.startup import StartupError

CONTEXT_TOKENS = 8192
_FIRST_TOKEN_SECONDS = 300.0
"""Reading a long prompt takes a processor minutes."""

_ERRORS_ONLY = 1


class GgufError(StartupError):
    """The file cannot be used; str() says why and what to do."""


class Gguf:
    """Passes chat requests to llama.cpp's own server, which listens on loopback with a key of its own."""

    def __init__(self, path: Path, threads: int) -> None:
        """Load the model (seconds); GgufError if that is impossible."""
        key = secrets.token_urlsafe(24)
        self._server = _start(path, threads, key)
        self.name = f"gguf/{path.stem}"
        self._client = httpx.AsyncClient(
            base_url=self._server.listening_address,
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(_FIRST_TOKEN_SECONDS, connect=5.0),
            trust_env=False,
        )

    @property
    def model(self) -> Model:
        """The catalogue's entry."""
        return Model(self.name, "chat", "local file", "unknown", CONTEXT_TOKENS)

    async def complete(self, request: Request, body: ChatBody, content: bytes) -> Response:  # noqa: ARG002 - protocol
        """llama.cpp's answer as it comes; a client that leaves ends the generation."""
        asked = orjson.loads(content) | {"model": self.name}
        if body.stream:
            asked["stream_options"] = {"include_usage": True}
        sent = self._client.build_request("POST", "/v1/chat/completions", json=asked)
        answer = await self._client.send(sent, stream=True)
        kind = answer.headers.get("content-type", "application/json")
        return StreamingResponse(_pieces(answer), answer.status_code, media_type=kind)

    async def close(self) -> None:
        """Close the connections; llama.cpp ends with the process."""
        await self._client.aclose()


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()


def _start(path: Path, threads: int, key: str) -> Any:
    """llama.cpp's server with the model loaded; the package has no types."""
    if not path.is_file():
        raise GgufError(f"RIVULET_GGUF: {path} does not exist. Set it to a GGUF file, or unset it.")
    try:
        llama = importlib.import_module("xllamacpp")
    except ImportError:
        raise GgufError(
            "RIVULET_GGUF is set, but the package that runs GGUF files is missing. Install it with "
            "`pip install xllamacpp` in this environment, or unset RIVULET_GGUF."
        ) from None
    parameters = llama.CommonParams()
    parameters.model.path = str(path)
    parameters.model_alias = {f"gguf/{path.stem}"}
    parameters.n_ctx, parameters.n_parallel = CONTEXT_TOKENS, 1
    parameters.cpuparams.n_threads = threads
    parameters.hostnames, parameters.port = ["127.0.0.1"], _free_port()
    parameters.api_keys = [key]
    parameters.offline, parameters.ui, parameters.verbosity = True, False, _ERRORS_ONLY
    try:
        return llama.Server(parameters)
    except Exception as problem:  # noqa: BLE001 - the package raises bare exceptions of its own
        raise GgufError(f"RIVULET_GGUF: llama.cpp cannot load {path}: {problem}. Is it a complete GGUF file?") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
