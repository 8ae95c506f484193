"""Searching: what is asked for, and what the arms of a search find."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schema.answers import Passage


class Filter(BaseModel):
    """What a passage and its document must be to be found; what is None does not filter.

    `tags` asks for any of them; `since` (inclusive) and `until` (exclusive) are about when the document was added;
    pages count from 1, both ends included, and passages of documents without pages have none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: Sequence[UUID] | None = Field(default=None, max_length=1000)
    tags: Sequence[str] | None = Field(default=None, max_length=100)
    mimes: Sequence[str] | None = Field(default=None, max_length=100)
    since: datetime | None = None
    until: datetime | None = None
    first_page: int | None = Field(default=None, ge=1)
    last_page: int | None = Field(default=None, ge=1)


EVERYTHING = Filter()


class Hit(NamedTuple):
    """A passage that an arm found; more is better. By meaning: the cosine; by words: BM25."""

    chunk: UUID
    score: float


class FoundPassage(Passage):
    """A passage that the person may see; `around` is the passage that it came along with, as its neighbour."""

    around: UUID | None = None
