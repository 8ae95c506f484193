"""Chat models at Together AI, or behind any server with the same HTTP surface: `Generator`."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, cast

import together
from together import AsyncStream

from functions.effects.connect_together import translated_errors
from functions.telemetry.calls import watched
from functions.telemetry.metrics import MODEL_FIRST, MODEL_TOKENS
from functions.telemetry.tracing import traceparent
from schema.answers import Delta, FinishReason, Sampling, Turn, Usage
from schema.errors import TransientError

# What servers call the ends that are not simply the end. https://docs.together.ai/reference/chat-completions
_ENDS: Mapping[str, FinishReason] = {"length": "length", "content_filter": "content_filter"}
_BROKEN_OFF = {"abort", "error"}


class TogetherGenerator:
    """Implements `Generator`. Nothing is retried here: whoever asks knows what else could be done."""

    def __init__(self, client: together.AsyncTogether, model: str) -> None:
        # Taken here, not at the first question: the SDK loads what is behind it only now.
        self._chat = client.with_options(max_retries=0).chat.completions
        self.model = model

    async def stream(self, turns: Sequence[Turn], sampling: Sampling) -> AsyncGenerator[Delta, None]:
        """The answer, piece by piece."""
        finished, asked_at, silent = False, time.monotonic(), True
        with translated_errors(), watched("model", "chat") as span:
            messages: Any = [turn.model_dump() for turn in turns]
            async with self._chat.with_streaming_response.create(
                model=self.model,
                messages=messages,
                stream=True,
                # Some servers count tokens only when asked; the SDK has no parameter for it.
                extra_headers=traceparent(span),
                extra_body={"stream_options": {"include_usage": True}},
                **sampling.model_dump(),
            ) as response:
                # As they come: making the SDK's objects of them would be most of the work of an answer.
                async for chunk in await response.parse(to=AsyncStream[object]):
                    delta = _delta(cast(dict[str, Any], chunk))
                    if silent and delta.text:
                        silent = False
                        MODEL_FIRST.labels(self.model).observe(time.monotonic() - asked_at)
                    if delta.usage:
                        MODEL_TOKENS.labels(self.model, "prompt").inc(delta.usage.prompt_tokens)
                        MODEL_TOKENS.labels(self.model, "completion").inc(delta.usage.completion_tokens)
                    finished = finished or delta.finish_reason is not None
                    yield delta
        # A stream that is cut off ends like one that is complete, except for this.
        if not finished:
            raise TransientError("model_cut_off", "The model's answer broke off.")


def _delta(chunk: Mapping[str, Any]) -> Delta:
    """A chunk of the stream; the one with the usage may have no choices."""
    choice = (chunk.get("choices") or [{}])[0]
    end, usage = choice.get("finish_reason"), chunk.get("usage") or {}
    return Delta(
        text=(choice.get("delta") or {}).get("content") or "",
        model=chunk.get("model") or "",
        finish_reason=_ENDS.get(end, "stop") if end and end not in _BROKEN_OFF else None,
        usage=Usage.model_validate(usage) if usage.get("completion_tokens") is not None else None,
    )
