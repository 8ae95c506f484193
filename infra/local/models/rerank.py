"""POST /v1/rerank."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from infra.local.models import bodies
from infra.local.models.catalogue import Catalogue
from infra.local.models.connection import while_connected
from infra.local.models.embedder import Embedder
from infra.local.models.errors import ApiError


class Rerank:
    """The endpoint over one embedder: documents in the order of their relevance to the query."""

    def __init__(self, catalogue: Catalogue, embedder: Embedder) -> None:
        self._catalogue = catalogue
        self._embedder = embedder

    async def create(self, request: Request) -> JSONResponse:
        """Every document's score, best first, at most `top_n`; equal scores keep the order given."""
        body = bodies.parse(await bodies.raw(request), bodies.RerankBody)
        self._catalogue.find(body.model, "rerank")
        texts = [_text(document, body.rank_fields) for document in body.documents]
        scores, tokens = await while_connected(request, self._embedder.relevance(body.query, texts))
        order = sorted(range(len(scores)), key=lambda index: -scores[index])[: body.top_n]
        results = [_result(index, scores[index], body) for index in order]
        usage = {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens}
        identity = f"rerank-{uuid.uuid4()}"
        return JSONResponse(
            {"object": "rerank", "id": identity, "model": body.model, "results": results, "usage": usage}
        )


def _text(document: str | dict[str, Any], fields: list[str] | None) -> str:
    """What of a document is ranked: the named fields of an object, by default all of them."""
    if isinstance(document, str):
        return document
    values = [str(document[field]) for field in (fields or document) if field in document]
    if not values:
        raise ApiError(422, "invalid_request", "documents: an object has none of the rank_fields.", "documents")
    return "\n".join(values)


def _result(index: int, score: float, body: bodies.RerankBody) -> dict[str, object]:
    result: dict[str, object] = {"index": index, "relevance_score": score, "document": {}}
    if body.return_documents:
        document = body.documents[index]
        result["document"] = {"text": document} if isinstance(document, str) else document
    return result
