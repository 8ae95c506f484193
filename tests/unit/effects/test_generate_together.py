"""What a chat model's stream is taken for."""

import asyncio
import json
from typing import Any

import httpx
import pytest
import together

from functions.effects.generate_together import TogetherGenerator
from schema.answers import Delta, Sampling, Turn
from schema.errors import JobError, PermanentError, RateLimitedError, TransientError

WORD = {"model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "größe"}}]}
END = {"model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
ABORTED = {"model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "abort"}]}
USAGE = {"model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}}


def _deltas(status: int, *events: dict[str, Any] | str, headers: dict[str, str] | None = None) -> list[Delta]:
    """What comes of a reply of these events."""
    body = "".join(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n" for event in events)
    replies = httpx.MockTransport(
        lambda _: httpx.Response(status, text=body, headers={"content-type": "text/event-stream", **(headers or {})})
    )

    async def ask() -> list[Delta]:
        async with httpx.AsyncClient(transport=replies) as http:
            client = together.AsyncTogether(api_key="key", base_url="http://model.example/v1", http_client=http)
            generator = TogetherGenerator(client, "m")
            return [delta async for delta in generator.stream([Turn(role="user", content="How big?")], Sampling())]

    return asyncio.run(ask())


def test_words_end_and_usage_are_read() -> None:
    deltas = _deltas(200, WORD, END, USAGE, "[DONE]")

    assert "".join(delta.text for delta in deltas) == "größe"
    assert [delta.finish_reason for delta in deltas] == [None, "length", None]
    assert [usage.total_tokens for usage in (delta.usage for delta in deltas) if usage] == [4]
    assert {delta.model for delta in deltas} == {"m"}


@pytest.mark.parametrize(
    ("status", "events", "error"),
    [
        (200, [WORD], TransientError),  # cut off: no end was told
        (200, [WORD, "[DONE]"], TransientError),
        (200, [WORD, {"error": {"message": "overloaded"}}], TransientError),
        (200, [WORD, ABORTED, "[DONE]"], TransientError),
        (200, [WORD, "{"], TransientError),
        (401, [{"error": {"message": "no such key"}}], PermanentError),
        (404, [{"error": {"message": "no such model"}}], PermanentError),
        (503, [], TransientError),
    ],
)
def test_what_goes_wrong_is_told_apart(status: int, events: list[Any], error: type[JobError]) -> None:
    with pytest.raises(error):
        _deltas(status, *events)


def test_a_prompt_that_does_not_fit_is_no_matter_of_the_key() -> None:
    with pytest.raises(PermanentError) as caught:
        _deltas(403, {"error": {"message": "input tokens + max_tokens must be less than 8193"}})
    assert (caught.value.code, "8193" in caught.value.message) == ("model_refused", True)


def test_tokens_that_are_not_counted_spoil_nothing() -> None:
    uncounted = {**USAGE, "usage": {"prompt_tokens": 3, "completion_tokens": None, "total_tokens": None}}
    assert [delta.usage for delta in _deltas(200, WORD, END, uncounted, "[DONE]")] == [None] * 3


def test_a_busy_model_says_for_how_long() -> None:
    with pytest.raises(RateLimitedError) as caught:
        _deltas(429, headers={"retry-after": "7"})
    assert caught.value.retry_after_seconds == 7
