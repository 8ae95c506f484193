"""A model server that does on purpose what models and networks do by accident, or because somebody told them to.

Embeddings are the real server's. Every chat call that has passages plays the next script; others (a title, a follow-
up to rewrite) are answered by `aside`.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

NAME = "test/scripted-1"
Messages = list[dict[str, str]]
End = Literal["stop", "length", "content_filter", "eof", "error", "reset"]


@dataclass(frozen=True)
class Script:
    """One answer: its words, or what makes them of the prompt, and how it ends; a `status` other than 200 refuses."""

    words: Sequence[str] | Callable[[Messages], Sequence[str]] = ("The weir is old [1].",)
    end: End = "stop"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0  # between two words


class ScriptedModel:
    """The application, what it was asked, and what it will do."""

    def __init__(self, embedder_url: str) -> None:
        self.scripts: deque[Script] = deque()
        self.asked: list[tuple[str, Messages]] = []  # model and messages of each call with passages
        self.aside: Callable[[Messages], str] = lambda _: "About weirs"
        self.hang_ups = 0
        self.traceparents: list[str] = []  # of all calls, those that came with one
        self._embedder_url = embedder_url
        routes = [
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
            Route("/v1/embeddings", self._embed, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes)

    async def _embed(self, request: Request) -> Response:
        async with httpx.AsyncClient() as client:
            reply = await client.post(f"{self._embedder_url}/v1/embeddings", content=await request.body(), timeout=30)
        return Response(reply.content, reply.status_code, media_type="application/json")

    async def _chat(self, request: Request) -> Response:
        self.traceparents += filter(None, [request.headers.get("traceparent")])
        body = await request.json()
        messages = body["messages"]
        if "<passages>" not in messages[-1]["content"]:
            return _streamed(self._play(Script([self.aside(messages)]), messages, body["model"]))
        self.asked.append((body["model"], messages))
        script = self.scripts.popleft() if self.scripts else Script()
        if script.status != 200:
            return JSONResponse({"error": {"message": "no"}}, script.status, script.headers)
        return _streamed(self._play(script, messages, body["model"]))

    async def _play(self, script: Script, messages: Messages, model: str) -> AsyncIterator[str]:
        words = script.words(messages) if callable(script.words) else script.words
        try:
            for word in words:
                yield _event(model, {"content": word}, None)
                await asyncio.sleep(script.seconds)
        except asyncio.CancelledError:
            self.hang_ups += 1
            raise
        if script.end == "reset":
            raise ConnectionResetError  # the server drops the connection in the middle of the body
        if script.end == "error":
            yield 'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'
        elif script.end != "eof":
            yield _event(model, {}, script.end, len(words))
            yield "data: [DONE]\n\n"


def _streamed(events: AsyncIterator[str]) -> Response:
    return StreamingResponse(events, media_type="text/event-stream")


def _event(model: str, delta: dict[str, str], finish_reason: str | None, words: int = 0) -> str:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish_reason}
    usage: Any = finish_reason and {"prompt_tokens": 1000, "completion_tokens": words, "total_tokens": 1000 + words}
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": model, "choices": [choice]}
    return f"data: {json.dumps({**chunk, 'usage': usage})}\n\n"
