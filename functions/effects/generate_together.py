"""Chat models at Together AI, or behind any server with the same HTTP surface: `Generator`."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import together

from functions.effects.connect_together import translated_errors
from schema.answers import Delta, FinishReason, Sampling, Turn, Usage
from schema.errors import TransientError

# What servers call the ends that are not simply the end. https://docs.together.ai/reference/chat-completions
_ENDS: Mapping[str, FinishReason] = {"length": "length", "content_filter": "content_filter"}


class TogetherGenerator:
    """Implements `Generator`. Nothing is retried here: whoever asks knows what else could be done."""

    def __init__(self, client: together.AsyncTogether, model: str) -> None:
        self._client = client.with_options(max_retries=0)
        self.model = model

    async def stream(self, turns: Sequence[Turn], sampling: Sampling) -> AsyncGenerator[Delta, None]:
        """The answer, piece by piece."""
        finished = False
        with translated_errors():
            messages: Any = [turn.model_dump() for turn in turns]
            async with await self._client.chat.completions.create(
                model=self.model,
                messages=messages,
                stream=True,
                # Some servers count tokens only when asked; the SDK has no parameter for it.
                extra_body={"stream_options": {"include_usage": True}},
                **sampling.model_dump(),
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
    end = choice.finish_reason if choice else None
    return Delta(
        text=(choice.delta.content or "") if choice else "",
        model=chunk.model,
        finish_reason=_ENDS.get(end, "stop") if end else None,
        usage=Usage.model_validate(chunk.usage.model_dump()) if chunk.usage else None,
    )
