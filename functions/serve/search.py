"""`search`: the passages that fit a query, of those that the person may see.

POST {query, library_id?, limit?} with a person's access token → {passages: [{chunk_id, document_id, title, page,
heading_path, text}]}, best first. A library that the person may not see has no passages.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.handlers.retrieve import Retriever
from functions.pipeline.select import MOST_PASSAGES
from functions.serve.http import parse, read_body
from functions.serve.identify import identify
from schema.serving import People

SHOWN = {"chunk_id", "document_id", "title", "page", "heading_path", "text"}


class SearchRequest(BaseModel):
    """What is searched for, and where; no library: in all that the person may see."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    library_id: UUID | None = None
    limit: int = Field(default=MOST_PASSAGES, ge=1, le=MOST_PASSAGES)


@dataclass(frozen=True)
class SearchEntry:
    """The entry point."""

    people: People
    retriever: Callable[[], Awaitable[Retriever]]

    async def __call__(self, request: Request) -> Response:
        """Search on behalf of the caller."""
        person = await identify(request, self.people)
        asked = parse(await read_body(request), SearchRequest)
        retriever = await self.retriever()
        passages = await retriever.retrieve(person.id, asked.query, asked.library_id)
        return JSONResponse(
            {"passages": [each.model_dump(mode="json", include=SHOWN) for each in passages[: asked.limit]]}
        )
