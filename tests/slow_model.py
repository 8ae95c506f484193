"""A model server whose chat answers come word by word when the test says so; embeddings are the real server's.

No real model can be made to stand still in the middle of an answer, where workers are killed and answers stopped.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

NAME = "test/slow-1"


class SlowModel:
    """The application, and the strings the test pulls."""

    def __init__(self, embedder_url: str, words: list[str]) -> None:
        self.words = words
        self.calls = 0
        self.hang_ups = 0
        self.goes_on = threading.Event()  # set: stream to the end; clear: stand still after the first half
        self._embedder_url = embedder_url
        routes = [
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
            Route("/v1/embeddings", self._embed, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes)

    async def _embed(self, request: Request) -> Response:
        return await embedded_by(self._embedder_url, request)

    async def _chat(self, request: Request) -> Response:
        """An answer; what is not asked with passages (a title, say) is said at once."""
        body = await request.json()
        if "<passages>" not in body["messages"][-1]["content"]:
            return StreamingResponse(_all_at_once("About weirs"), media_type="text/event-stream")
        self.calls += 1
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        try:
            for number, word in enumerate(self.words):
                if number * 2 >= len(self.words):
                    await asyncio.to_thread(self.goes_on.wait)
                yield _event({"content": word + " "}, None)
            yield _event({}, "stop")
            yield "data: [DONE]\n\n"
        except asyncio.CancelledError:
            self.hang_ups += 1
            raise


async def embedded_by(server: str, request: Request) -> Response:
    """What a real server says to a request for embeddings."""
    async with httpx.AsyncClient() as client:
        reply = await client.post(f"{server}/v1/embeddings", content=await request.body(), timeout=60)
    return Response(reply.content, reply.status_code, media_type="application/json")


async def _all_at_once(text: str) -> AsyncIterator[str]:
    yield _event({"content": text}, None)
    yield _event({}, "stop")
    yield "data: [DONE]\n\n"


def _event(delta: dict[str, str], finish_reason: str | None) -> str:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish_reason}
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": NAME, "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n"
