"""An embedding server that counts, refuses and takes its time as told. Its vectors say how long each text is."""

import asyncio
from collections import Counter
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

DIMENSIONS = 4


class EmbeddingServer:
    """The application and its book. `refuse` says for how many seconds a request with these texts is refused, if so."""

    def __init__(self, latency: float = 0.0) -> None:
        self.latency = latency
        self.embedded: Counter[str] = Counter()
        self.requests: list[list[str]] = []
        self.refusals = 0
        self.refuse: Callable[[list[str]], int | None] = lambda _: None
        self.app = Starlette(routes=[Route("/v1/embeddings", self._embed, methods=["POST"])])

    async def _embed(self, request: Request) -> Response:
        texts: list[str] = (await request.json())["input"]
        await asyncio.sleep(self.latency)
        seconds = self.refuse(texts)
        if seconds is not None:
            self.refusals += 1
            return JSONResponse({"error": {"message": "slow down"}}, 429, {"retry-after": str(seconds)})
        self.requests.append(texts)
        self.embedded.update(texts)
        data = [{"object": "embedding", "index": n, "embedding": vector(text)} for n, text in enumerate(texts)]
        return JSONResponse({"object": "list", "model": "test", "data": data, "usage": {}})


def vector(text: str) -> list[float]:
    """The vector of a text."""
    return [float(len(text)), 1.0, 0.0, 0.0]
