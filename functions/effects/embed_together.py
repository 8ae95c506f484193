"""Embedding models at Together AI, or behind any server with the same HTTP surface: `Embedder`."""

from collections.abc import Sequence

import together

from functions.effects.connect_together import translated_errors
from schema.ports import TextKind, Vector

# Together bounds a request, not a batch; this many passages stay far below it and keep one request short.
EMBED_BATCH = 64

# Instruction-tuned embedders want to be told a query from a passage. Source: each model's card.
_QUERY_PREFIXES = {
    "intfloat/multilingual-e5-large-instruct": "Instruct: Given a question, retrieve passages that answer it\nQuery: ",
}


class TogetherEmbedder:
    """Implements `Embedder`."""

    def __init__(self, client: together.AsyncTogether, model: str) -> None:
        self._client = client
        self._model = model

    @property
    def model(self) -> str:
        """The model's name."""
        return self._model

    async def embed(self, texts: Sequence[str], kind: TextKind) -> Sequence[Vector]:
        """One vector per text."""
        prefix = _QUERY_PREFIXES.get(self._model, "") if kind == "query" else ""
        vectors: list[Vector] = []
        for start in range(0, len(texts), EMBED_BATCH):
            batch = [prefix + text for text in texts[start : start + EMBED_BATCH]]
            with translated_errors():
                reply = await self._client.embeddings.create(model=self._model, input=batch)
            vectors += [item.embedding for item in sorted(reply.data, key=lambda item: item.index)]
        return vectors
