"""What there is to tell of an answer, by broadcasts and rows. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from functions.pipeline.join import Delta, JoinedText
from schema.serving import ENDS, AnswerRow


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
        self._known = JoinedText()
        self._told = Piece(0, "", 0)

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
        if delta.message_id == self._answer and self._known.add(delta):
            self.must_read = self.must_read or self._known.gap

    def read(self, row: AnswerRow) -> None:
        """Take in the row as it is, or was a moment ago."""
        self.must_read = not row.ended and self._known.read(row.fence or 0, row.content) and self._known.gap

    def tell(self) -> Piece | None:
        """What is new since the last time."""
        last, known = self._told, self._known
        told = last.offset + len(last.text) if last.fence == known.fence else 0
        if told == len(known.text):
            return None
        self._told = Piece(told, known.text[told:], known.fence)
        return self._told

    def _hear_of_row(self, record: object) -> None:
        if isinstance(record, dict) and record.get("id") == str(self._answer):
            self.must_read = True
            self.ended = record.get("status") in ENDS
