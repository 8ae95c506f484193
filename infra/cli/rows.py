"""The rows that the command line reads, as the Data API and the broadcasts carry them; unknown columns are ignored."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schema.serving import AnswerState

DOCUMENT_COLUMNS = (
    "id,title,object_name,content_hash,bytes,status,error_code,error_message,pages,chunks_total,chunks_done,version,"
    "updated_at"
)
ANSWER_COLUMNS = "*,citations(*)"
DocumentStatus = Literal["queued", "parsing", "embedding", "ready", "failed"]


class Row(BaseModel):
    """Base of what comes from outside."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class DocumentRow(Row):
    """A document; `object_name` is none for inline text."""

    id: UUID
    title: str
    object_name: str | None
    content_hash: str | None = None
    bytes: int | None = None
    status: DocumentStatus
    error_code: str | None = None
    error_message: str | None = None
    pages: int | None = None
    chunks_total: int | None = None
    chunks_done: int = 0
    version: int
    updated_at: datetime

    @property
    def locked(self) -> bool:
        """It waits for a password."""
        return self.status == "failed" and self.error_code in ("encrypted", "wrong_password")

    @property
    def ended(self) -> bool:
        """Nothing more will happen by itself."""
        return self.status in ("ready", "failed")


class CitationRow(Row):
    """What a marker of an answer stands for."""

    marker: int
    title: str
    page: int | None = None
    quote: str


class AnswerRow(AnswerState):
    """An answer, with its citations where they came along."""

    citations: tuple[CitationRow, ...] = ()

    @property
    def refused(self) -> bool:
        """The answer says that the documents do not tell."""
        return self.metadata.get("refused") is True and not self.citations
