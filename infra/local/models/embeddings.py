"""POST /v1/embeddings."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response

from infra.local.models import bodies
from infra.local.models.catalogue import Catalogue
from infra.local.models.connection import while_connected
from infra.local.models.embedder import Embedder


class Embeddings:
    """The endpoint over one embedder."""

    def __init__(self, catalogue: Catalogue, embedder: Embedder) -> None:
        self._catalogue = catalogue
        self._embedder = embedder

    async def create(self, request: Request) -> Response:
        """A unit vector for each text, in the order given; texts are read up to the model's context length."""
        body = bodies.parse(await bodies.raw(request), bodies.EmbeddingBody)
        self._catalogue.find(body.model, "embedding")
        vectors, tokens = await while_connected(request, self._embedder.embed(body.input))
        answer = {
            "object": "list",
            "model": body.model,
            "data": [
                {"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
        return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")
