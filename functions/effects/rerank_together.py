"""Reranking at Together AI, or behind any server with the same HTTP surface: `Reranker`."""

from collections.abc import Sequence

import together

from functions.effects.connect_together import translated_errors
from functions.telemetry.calls import watched
from functions.telemetry.tracing import traceparent


class TogetherReranker:
    """Implements `Reranker`."""

    def __init__(self, client: together.AsyncTogether, model: str) -> None:
        self._client = client
        self._model = model

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """How relevant each text is, in order."""
        if not texts:
            return []
        with translated_errors(), watched("model", "rerank") as span:
            reply = await self._client.rerank.create(
                model=self._model,
                query=query,
                documents=list(texts),
                top_n=len(texts),
                return_documents=False,
                extra_headers=traceparent(span),
            )
        scores = {result.index: result.relevance_score for result in reply.results}
        return [scores[place] for place in range(len(texts))]
