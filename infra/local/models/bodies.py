"""The requests of the API: read within limits and checked before anything is done."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import Request

from infra.local.models.errors import ApiError

MAX_BYTES = 8 * 1024 * 1024
MAX_TEXTS = 2048
MAX_DOCUMENTS = 1024
MAX_MESSAGES = 1024

Body = TypeVar("Body", bound=BaseModel)


def _listed(value: object) -> object:
    """A single text as a list of one."""
    return [value] if isinstance(value, str) else value


def _parted(value: object) -> object:
    """A message's plain text as its only part."""
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


class EmbeddingBody(BaseModel):
    """POST /v1/embeddings."""

    model: str
    input: Annotated[list[str], Field(min_length=1, max_length=MAX_TEXTS), BeforeValidator(_listed)]
    encoding_format: Literal["float"] = "float"


class RerankBody(BaseModel):
    """POST /v1/rerank."""

    model: str
    query: str
    documents: Annotated[list[str | dict[str, Any]], Field(min_length=1, max_length=MAX_DOCUMENTS)]
    top_n: Annotated[int, Field(ge=1)] | None = None
    return_documents: bool = False
    rank_fields: list[str] | None = None


class Part(BaseModel):
    """A part of a message; this server reads text alone."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[list[Part], BeforeValidator(_parted)]

    @property
    def text(self) -> str:
        """The content as one string."""
        return "\n".join(part.text for part in self.content)


class ChatBody(BaseModel):
    """POST /v1/chat/completions. Sampling parameters are accepted and mean nothing to a model that does not sample."""

    model_config = ConfigDict(extra="allow")

    model: str
    messages: Annotated[list[Message], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool = False
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: Annotated[list[str] | None, BeforeValidator(_listed)] = None

    @property
    def stops(self) -> list[str]:
        """The sequences at which the answer ends."""
        return [sequence for sequence in self.stop or [] if sequence]


async def raw(request: Request) -> bytes:
    """The body's bytes; ApiError 413 as soon as they are too many."""
    received = bytearray()
    async for piece in request.stream():
        received += piece
        if len(received) > MAX_BYTES:
            raise ApiError(
                413, "request_too_large", f"The request is larger than {MAX_BYTES // 2**20} MiB. Send less at once."
            )
    return bytes(received)


def parse(content: bytes, kind: type[Body]) -> Body:
    """The checked body; ApiError 400 for what is not JSON, 422 for what is not such a request."""
    try:
        return kind.model_validate_json(content)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        raise ApiError(400, "invalid_json", f"The request's body is not JSON: {first['msg']}.")
    where = ".".join(str(step) for step in first["loc"])
    raise ApiError(422, "invalid_request", f"{where or 'body'}: {first['msg']}.", where or None)
