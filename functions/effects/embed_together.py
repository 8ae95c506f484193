"""Embedding models at Together AI, or behind any server with the same HTTP surface: `Embedder`."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import httpx
import together
from pydantic import BaseModel, ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_delay, wait_random_exponential

from functions.effects.budget import (
    PATIENCE_SECONDS,
    REFUSED_WITHOUT_A_TIME_SECONDS,
    Budget,
    estimated_tokens,
    wait_for_share,
)
from functions.effects.connect_together import TIMEOUT, translated_errors
from functions.telemetry.calls import watched
from functions.telemetry.metrics import MODEL_TOKENS
from functions.telemetry.tracing import traceparent
from schema.errors import RateLimitedError, TransientError
from schema.ports import TextKind, Vector

# Instruction-tuned embedders want to be told a query from a passage. Source: each model's card.
_QUERY_PREFIXES = {
    "intfloat/multilingual-e5-large-instruct": "Instruct: Given a question, retrieve passages that answer it\nQuery: ",
}


class RequestLimits(NamedTuple):
    """The most that one request may hold."""

    texts: int
    tokens: int


# Together states no limit; 512 texts is what LangChain's client for it sends (`TogetherAIEmbeddings`, `batchSize`).
_USUAL = RequestLimits(texts=512, tokens=128_000)
# OpenAI: 2,048 inputs, 300,000 tokens. Source: its API reference, "Create embeddings", `input`.
_LIMITS: Mapping[str, RequestLimits] = {
    "text-embedding-3-small": RequestLimits(texts=2048, tokens=300_000),
    "text-embedding-3-large": RequestLimits(texts=2048, tokens=300_000),
    "text-embedding-ada-002": RequestLimits(texts=2048, tokens=300_000),
}


class _Item(BaseModel):
    index: int
    embedding: list[float]


class _Reply(BaseModel):
    """`POST /v1/embeddings`. Source: Together's API reference, "Create an embedding"."""

    data: list[_Item]


# A model on a busy processor of one's own takes a minute for a batch that Together answers in a second. Whoever gives
# up sooner asks for the same again, and never gets it.
_TIMEOUTS: Mapping[TextKind, httpx.Timeout] = {"query": TIMEOUT, "document": httpx.Timeout(240.0, connect=5.0)}
_FLICKER = wait_random_exponential(multiplier=0.2, max=4.0)


class TogetherEmbedder:
    """Implements `Embedder`. A refused request is sent again when the budget allows; those before it stay done."""

    def __init__(self, client: together.AsyncTogether, model: str, budget: Budget) -> None:
        # Its own retries would know nothing of the others' patience.
        self._embeddings = client.with_options(max_retries=0).embeddings.with_raw_response
        self._model = model
        self._budget = budget

    @property
    def model(self) -> str:
        """The model's name."""
        return self._model

    def requests(self, texts: Sequence[str]) -> list[Sequence[str]]:
        """The texts, parted so that each part is one request, as large as may be."""
        limits = _LIMITS.get(self._model, _USUAL)
        parts: list[list[str]] = []
        tokens = limits.tokens
        for text in texts:
            cost = estimated_tokens(text)
            if not parts or len(parts[-1]) == limits.texts or tokens + cost > limits.tokens:
                parts.append([])
                tokens = 0
            parts[-1].append(text)
            tokens += cost
        return list(parts)

    async def embed(self, texts: Sequence[str], kind: TextKind, tenant: UUID | None = None) -> Sequence[Vector]:
        """One vector per text; no more texts than `requests` puts into one."""

        async def attempt() -> list[Vector]:
            if kind == "document":
                await wait_for_share(self._budget, str(tenant), sum(map(estimated_tokens, texts)))
            try:
                return await self._ask(texts, kind)
            except RateLimitedError as error:
                await self._budget.refused(_asked_for(error))
                raise

        attempts = AsyncRetrying(
            retry=retry_if_exception(_worth_another), wait=_wait, stop=stop_after_delay(PATIENCE_SECONDS), reraise=True
        )
        return await attempts(attempt)

    async def _ask(self, texts: Sequence[str], kind: TextKind) -> list[Vector]:
        prefix = _QUERY_PREFIXES.get(self._model, "") if kind == "query" else ""
        asked = [prefix + text for text in texts]
        with translated_errors(), watched("model", f"embed_{kind}") as span:
            reply = await self._embeddings.create(
                model=self._model, input=asked, extra_headers=traceparent(span), timeout=_TIMEOUTS[kind]
            )
        MODEL_TOKENS.labels(self._model, "embedding").inc(sum(map(estimated_tokens, asked)))
        return _vectors(await reply.read())


def _vectors(reply: bytes) -> list[Vector]:
    # Not by the SDK's own models: they look at each number alone, and took three quarters of a listener's time.
    try:
        items = _Reply.model_validate_json(reply).data
    except ValidationError as error:
        raise TransientError("model_unreadable", "The model service sent something else than vectors.") from error
    return [item.embedding for item in sorted(items, key=lambda item: item.index)]


def _asked_for(error: RateLimitedError) -> float:
    return error.retry_after_seconds or REFUSED_WITHOUT_A_TIME_SECONDS


def _worth_another(error: BaseException) -> bool:
    """Here and now; a provider that wants to be left alone for long gives the job back."""
    if isinstance(error, RateLimitedError):
        return error.retry_after_seconds <= PATIENCE_SECONDS
    return isinstance(error, TransientError)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return _asked_for(error) if isinstance(error, RateLimitedError) else _FLICKER(state)
