"""Models at Together AI, or behind any server with the same HTTP surface: `Embedder` and `Generator`."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import together

from schema.answers import Delta, Turn, Usage
from schema.errors import PermanentError, RateLimitedError, TransientError
from schema.ports import TextKind, Vector
from schema.settings import Settings

MAX_ANSWER_TOKENS = 1024
# Together bounds a request, not a batch; this many passages stay far below it and keep one request short.
EMBED_BATCH = 64
TIMEOUT = httpx.Timeout(60.0, connect=5.0)

# Instruction-tuned embedders want to be told a query from a passage. Source: each model's card.
_QUERY_PREFIXES = {
    "intfloat/multilingual-e5-large-instruct": "Instruct: Given a question, retrieve passages that answer it\nQuery: ",
}


def connect(settings: Settings) -> together.AsyncTogether:
    """A client of the SDK; its own retries cover flickers."""
    return together.AsyncTogether(
        api_key=settings.together_api_key.get_secret_value(),
        base_url=settings.together_base_url,
        timeout=TIMEOUT,
        max_retries=1,
    )


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


class TogetherGenerator:
    """Implements `Generator`."""

    def __init__(self, client: together.AsyncTogether, model: str) -> None:
        self._client = client
        self._model = model

    async def stream(self, turns: Sequence[Turn]) -> AsyncGenerator[Delta, None]:
        """The answer, piece by piece. Closing the iterator ends the model call."""
        finished = False
        with translated_errors():
            messages: Any = [turn.model_dump() for turn in turns]
            async with await self._client.chat.completions.create(
                model=self._model, messages=messages, max_tokens=MAX_ANSWER_TOKENS, temperature=0.1, stream=True
            ) as chunks:
                async for chunk in chunks:
                    delta = _delta(chunk)
                    finished = finished or delta.finish_reason is not None
                    yield delta
        # A stream that is cut off ends like one that is complete, except for this.
        if not finished:
            raise TransientError("model_cut_off", "The model's answer broke off.")


def _delta(chunk: Any) -> Delta:
    """A chunk of the stream; the one with the usage may have no choices."""
    choice = chunk.choices[0] if chunk.choices else None
    return Delta(
        text=(choice.delta.content or "") if choice else "",
        model=chunk.model,
        finish_reason=choice.finish_reason if choice else None,
        usage=Usage.model_validate(chunk.usage.model_dump()) if chunk.usage else None,
    )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turns what the SDK raises into our errors."""
    try:
        yield
    except together.RateLimitError as error:
        raise RateLimitedError("model_busy", "The model is busy.", _retry_after(error.response)) from error
    except (together.AuthenticationError, together.PermissionDeniedError) as error:
        raise PermanentError(
            "model_refused_key", "The model service refused the API key. An operator has to check TOGETHER_API_KEY."
        ) from error
    except (together.BadRequestError, together.NotFoundError, together.UnprocessableEntityError) as error:
        raise PermanentError("model_refused", f"The model service refused the request: {error}") from error
    except (together.APIError, httpx.HTTPError) as error:
        raise TransientError("model_unavailable", "The model service cannot be reached at the moment.") from error


def _retry_after(response: httpx.Response) -> float:
    try:
        return float(response.headers.get("retry-after", "0"))
    except ValueError:
        return 0.0
