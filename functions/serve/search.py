"""`search`: the passages that fit a query, of those that the person may see.

POST {query, library_id?, limit?, filter?} with a person's access token → {passages: [{chunk_id, document_id, title,
page, heading_path, text}], notes}, best first. A library that the person may not see has no passages. A filter is
{documents?, tags?, mimes?, since?, until?, first_page?, last_page?}; `notes` say what could not be searched.
Who searches too much is told so: 429, Retry-After.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from functions.handlers.retrieval.retrieve import Retriever
from functions.pipeline.select import MOST_PASSAGES
from functions.serve.http import parse, read_body
from functions.serve.identify import identify
from schema.ports import Limit
from schema.search import EVERYTHING, Filter
from schema.serving import People

SHOWN = {"chunk_id", "document_id", "title", "page", "heading_path", "text"}


class SearchRequest(BaseModel):
    """What is searched for, and where; no library: in all that the person may see."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    library_id: UUID | None = None
    limit: int = Field(default=MOST_PASSAGES, ge=1, le=MOST_PASSAGES)
    filter: Filter = EVERYTHING


@dataclass(frozen=True)
class SearchEntry:
    """The entry point."""

    people: People
    retriever: Callable[[], Awaitable[Retriever]]
    limit: Limit

    async def __call__(self, request: Request) -> Response:
        """Search on behalf of the caller."""
        person = await identify(request, self.people)
        asked = parse(await read_body(request), SearchRequest)
        await self.limit.admit(person.id, uuid4())
        retriever = await self.retriever()
        found = await retriever.retrieve(person.id, asked.query, asked.library_id, asked.filter)
        hits = {
            candidate.chunk_id for candidate in found.candidates
        }  # without the neighbours that a prompt takes along
        passages = [each for each in found.passages if each.chunk_id in hits][: asked.limit]
        return JSONResponse(
            {"passages": [each.model_dump(mode="json", include=SHOWN) for each in passages], "notes": found.notes}
        )
