"""Puts an answer's text together from broadcasts and rows, in whatever order and number they arrive. Pure.

The rules are those that `functions.handlers.answering.draft` writes by: `offset` counts the characters before a piece,
a higher fence is a new attempt, which starts over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schema.serving import ENDS, AnswerRow

MOST_AHEAD = 1000  # pieces kept while an earlier one is missing


class Delta(BaseModel):
    """A piece of an answer, as `functions.handlers.answering.draft` broadcasts it."""

    model_config = ConfigDict(extra="ignore")

    message_id: UUID
    fence: int
    offset: int = Field(ge=0)
    text: str


@dataclass(frozen=True)
class Piece:
    """What a reader has to append, or to start over with where `fence` is higher than before."""

    offset: int
    text: str
    fence: int


class AnswerText:
    """What is known of an answer, and how much of it has been told."""

    def __init__(self, answer: UUID) -> None:
        self.must_read = False  # the row knows more: something was missed, or has changed
        self.ended = False  # the row has the end
        self._answer = answer
        self._fence = 0
        self._text = ""
        self._told = 0
        self._ahead: dict[int, str] = {}

    def hear(self, event: str, payload: Mapping[str, Any]) -> None:
        """Take in a broadcast of the conversation; what is not of this answer is left alone."""
        if event != "delta":
            self._hear_of_row(payload.get("record"))
            return
        try:
            delta = Delta.model_validate(payload)
        except ValidationError:
            self.must_read = True
            return
        if delta.message_id == self._answer and delta.fence >= self._fence:
            self._take_attempt(delta.fence)
            if len(self._ahead) < MOST_AHEAD:
                self._ahead[delta.offset] = max(delta.text, self._ahead.get(delta.offset, ""), key=len)
            self._join_pieces()

    def read(self, row: AnswerRow) -> None:
        """Take in the row as it is, or was a moment ago."""
        self.must_read = False
        if not row.ended and (row.fence or 0) >= self._fence:
            self._take_attempt(row.fence or 0)
            self._text = max(self._text, row.content, key=len)  # both are beginnings of the same text
            self._join_pieces()

    def tell(self) -> Piece | None:
        """What is new since the last time."""
        if self._told == len(self._text):
            return None
        piece = Piece(self._told, self._text[self._told :], self._fence)
        self._told = len(self._text)
        return piece

    def _hear_of_row(self, record: object) -> None:
        if isinstance(record, dict) and record.get("id") == str(self._answer):
            self.must_read = True
            self.ended = record.get("status") in ENDS

    def _take_attempt(self, fence: int) -> None:
        if fence > self._fence:
            self._fence, self._text, self._told = fence, "", 0
            self._ahead.clear()

    def _join_pieces(self) -> None:
        for offset in sorted(self._ahead):
            if offset <= len(self._text):
                self._text += self._ahead.pop(offset)[len(self._text) - offset :]
        self.must_read = self.must_read or bool(self._ahead)
