"""An embedding provider far away: `python -m tests.benchmarks.remote_model PORT LATENCY_SECONDS SECONDS_PER_TEXT`.

Answers each request after its latency and so much for each text, any number of them side by side. `GET /embedded` tells
how many texts it has embedded.
"""

import asyncio
import json
import random
import sys
import zlib

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

DIMENSIONS = 384
MODEL = "text-embedding-3-small"  # a name that every client knows the limits of
_RANDOM = random.Random(7)
# Written once: the provider's own work must not count on a machine that it shares with its clients.
_VECTORS = [json.dumps([round(_RANDOM.gauss(0, 1), 6) for _ in range(DIMENSIONS)]) for _ in range(997)]


def application(latency: float, per_text: float) -> Starlette:
    """The server."""
    embedded = 0

    async def embed(request: Request) -> Response:
        nonlocal embedded
        given = (await request.json())["input"]
        texts = [given] if isinstance(given, str) else given
        await asyncio.sleep(latency + per_text * len(texts))
        embedded += len(texts)
        vectors = (_VECTORS[zlib.crc32(str(text).encode()) % len(_VECTORS)] for text in texts)
        items = (f'{{"object":"embedding","index":{n},"embedding":{vector}}}' for n, vector in enumerate(vectors))
        usage = '"usage":{"prompt_tokens":1,"total_tokens":1}'
        body = f'{{"object":"list","model":"{MODEL}","data":[{",".join(items)}],{usage}}}'
        return Response(body, media_type="application/json")

    async def count(_: Request) -> Response:
        return JSONResponse(embedded)

    routes = [Route("/v1/embeddings", embed, methods=["POST"]), Route("/embedded", count), Route("/healthz", count)]
    return Starlette(routes=routes)


if __name__ == "__main__":
    uvicorn.run(
        application(float(sys.argv[2]), float(sys.argv[3])),
        host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False,
    )  # fmt: skip
