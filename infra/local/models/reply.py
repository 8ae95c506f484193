"""A finished text as a chat completion: at once, or as server-sent events word by word."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import orjson

_TOKEN = re.compile(r"\s*\S+|\s+")


def tokens(text: str) -> list[str]:
    """The text in pieces of one word each with the space before it; joined they are the text. They are what
    `max_tokens` and `usage` count, as this model has no other tokens.
    """
    return _TOKEN.findall(text)


@dataclass(frozen=True)
class Reply:
    """What the model said."""

    model: str
    pieces: Sequence[str]
    finish_reason: str
    prompt_tokens: int
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def as_json(self) -> dict[str, object]:
        """A `chat.completion`."""
        message = {"role": "assistant", "content": "".join(self.pieces), "tool_calls": []}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason, "logprobs": None}
        return self._envelope("chat.completion") | {"prompt": [], "choices": [choice], "usage": self.usage()}

    async def events(self) -> AsyncIterator[bytes]:
        """`chat.completion.chunk` events: one a word; the last one has the finish reason and the usage; then [DONE]."""
        for piece in self.pieces:
            yield _event(self._chunk(piece, None))
            await asyncio.sleep(0)  # other requests take their turn between two words
        yield _event(self._chunk("", self.finish_reason) | {"usage": self.usage()})
        yield b"data: [DONE]\n\n"

    def usage(self) -> dict[str, int]:
        """Words read, written, and both."""
        written = len(self.pieces)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": written,
            "total_tokens": self.prompt_tokens + written,
        }

    def _chunk(self, content: str, finish_reason: str | None) -> dict[str, object]:
        delta = {"role": "assistant", "content": content}
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return self._envelope("chat.completion.chunk") | {"choices": [choice], "usage": None}

    def _envelope(self, kind: str) -> dict[str, object]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.model,
        }


def cut(text: str, max_tokens: int | None, stops: Sequence[str]) -> tuple[list[str], str]:
    """The words to send of `text`, and why it ends there: `stop`, or `length` if there would have been more."""
    ends = [place for stop in stops if (place := text.find(stop)) >= 0]
    pieces = tokens(text[: min(ends)] if ends else text)
    if max_tokens is not None and len(pieces) > max_tokens:
        return pieces[:max_tokens], "length"
    return pieces, "stop"


def _event(chunk: dict[str, object]) -> bytes:
    return b"data: " + orjson.dumps(chunk) + b"\n\n"
