"""A remote model that writes the same answer to the same question, word by word.

`python -m tests.benchmarks.streaming.model PORT [SECONDS [EMBEDDER]]`: the seconds from a request to its first word,
and the address of the server that embeds; without one all texts have the same vector.
"""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.slow_model import embedded_by

FIRST_SECONDS = 0.3  # from the request to the first word
WORD_SECONDS = 0.015
# Letters of one to four bytes, and what is left out on the way: markers that point nowhere, images and links.
_WORDS = (
    "weir",
    "größe",
    "水位",
    "🐟",
    "naïve",
    "x²",
    "[1]",
    "[7, 8]",
    "![p](https://x.example/p)",
    "https://x.example/q.",
)


def words_for(question: str) -> list[str]:
    """What the model says to a question."""
    dice = random.Random(question)
    return [f"{dice.choice(_WORDS)}{dice.choice((' ', ' ', '. ', chr(10)))}" for _ in range(dice.randint(20, 50))]


async def _chat(request: Request) -> Response:
    messages = (await request.json())["messages"]
    return StreamingResponse(
        _stream(messages[-1]["content"].rpartition("Question: ")[2]), media_type="text/event-stream"
    )


async def _stream(question: str) -> AsyncIterator[str]:
    await asyncio.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else FIRST_SECONDS)
    for word in words_for(question):
        yield _event({"content": word}, None)
        await asyncio.sleep(WORD_SECONDS)
    yield _event({}, "stop")
    yield "data: [DONE]\n\n"


def _event(delta: dict[str, str], finish: str | None) -> str:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n"


async def _embed(request: Request) -> Response:
    if len(sys.argv) > 3:
        return await embedded_by(sys.argv[3], request)
    texts = (await request.json())["input"]
    data = [{"object": "embedding", "index": number, "embedding": [1.0, 0.0, 0.0]} for number, _ in enumerate(texts)]
    return JSONResponse({"object": "list", "model": "m", "data": data})


MODEL = Starlette(
    routes=[
        Route("/v1/chat/completions", _chat, methods=["POST"]),
        Route("/v1/embeddings", _embed, methods=["POST"]),
    ]
)


if __name__ == "__main__":
    uvicorn.run(MODEL, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
