"""POST /v1/chat/completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from infra.local.models import bodies, reply
from infra.local.models.bodies import ChatBody
from infra.local.models.catalogue import CHAT, CONTEXT_WORDS, Catalogue
from infra.local.models.connection import while_connected
from infra.local.models.errors import ApiError
from infra.local.models.extractive.answer import Answerer
from infra.local.models.extractive.prompt import Turn

_CONTEXT_CHARACTERS = 16 * CONTEXT_WORDS
_UNSUPPORTED = ("response_format", "tools", "functions", "function_call", "logprobs", "echo")


class ChatModel(Protocol):
    """Answers a chat request that was checked; `content` is the body as it came."""

    async def complete(self, request: Request, body: ChatBody, content: bytes) -> Response:
        """The whole HTTP answer."""
        ...


class Chat:
    """The endpoint over the chat models, by name."""

    def __init__(self, catalogue: Catalogue, models: dict[str, ChatModel]) -> None:
        self._catalogue = catalogue
        self._models = models

    async def create(self, request: Request) -> Response:
        """An answer of the model that the request names."""
        content = await bodies.raw(request)
        body = bodies.parse(content, ChatBody)
        model = self._catalogue.find(body.model, "chat")
        return await self._models[model.id].complete(request, body, content)


class Extractive:
    """The built-in chat model."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer

    async def complete(self, request: Request, body: ChatBody, content: bytes) -> Response:  # noqa: ARG002 - protocol
        """The answerer's text, as one object or as events."""
        _check(body)
        turns = [(message.role, message.text) for message in body.messages]
        prompt_tokens = _within_context(turns)
        text = await while_connected(request, self._answerer.answer(turns))
        pieces, finish_reason = reply.cut(text, body.max_tokens, body.stops)
        answer = reply.Reply(CHAT, pieces, finish_reason, prompt_tokens)
        if body.stream:
            return StreamingResponse(answer.events(), media_type="text/event-stream")
        return JSONResponse(answer.as_json())


def _within_context(turns: Sequence[Turn]) -> int:
    """The number of words to read; ApiError 400 if they are too many, or too long for words."""
    count = sum(len(text.split()) for _, text in turns)
    if count > CONTEXT_WORDS or sum(len(text) for _, text in turns) > _CONTEXT_CHARACTERS:
        message = f"The messages have {count} words; {CHAT} reads {CONTEXT_WORDS}. Send fewer passages."
        raise ApiError(400, "context_length_exceeded", message, "messages")
    return count


def _check(body: ChatBody) -> None:
    """Refuse what would change the answer's form; sampling parameters cannot."""
    asked = body.model_extra or {}
    refused = [name for name in _UNSUPPORTED if asked.get(name)]
    if asked.get("n", 1) != 1:
        refused.append("n")
    if refused:
        raise ApiError(
            400,
            "unsupported_parameter",
            f"{CHAT} quotes passages and nothing else: it has no {', '.join(refused)}. Leave them out, or use "
            "another chat model (TOGETHER_BASE_URL, RIVULET_GGUF).",
            refused[0],
        )
