"""Chat completions made of a finished text."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.models import reply


@settings(deadline=None)
@given(st.text(max_size=300))
def test_words_joined_are_the_text(text: str) -> None:
    assert "".join(reply.tokens(text)) == text


def test_length_and_stop_sequences_cut_the_answer() -> None:
    assert reply.cut("one two three", None, []) == (["one", " two", " three"], "stop")
    assert reply.cut("one two three", 2, []) == (["one", " two"], "length")
    assert reply.cut("one two three", 3, []) == (["one", " two", " three"], "stop")
    assert reply.cut("one two three", None, ["three", " two"]) == (["one"], "stop")


@pytest.mark.anyio
async def test_events_hold_the_words_then_the_reason_and_the_usage() -> None:
    made = reply.Reply("m", ["one", " two"], "stop", prompt_tokens=5)
    *events, done = [event async for event in made.events()]
    assert done == b"data: [DONE]\n\n"
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events]
    assert [chunk["choices"][0]["delta"]["content"] for chunk in chunks] == ["one", " two", ""]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, "stop"]
    assert [chunk["usage"] for chunk in chunks[:-1]] == [None, None]
    assert chunks[-1]["usage"] == {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    assert {chunk["id"] for chunk in chunks} == {made.id}
