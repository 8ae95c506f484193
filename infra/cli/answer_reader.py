"""Reads an answer from what is heard of it and what its row says, in whatever order and number that arrives.

Pure: no clock, no network.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from functions.pipeline.join import Delta, JoinedText
from infra.cli.rows import AnswerRow
from schema.serving import AnswerStatus


class AnswerReader:
    """The answer to one question, as far as it is known.

    `behind` says that something is missing, so that the row should be read; `final` is the row once the answer has
    ended, and nothing changes after that.
    """

    def __init__(self, question_id: UUID) -> None:
        self.status: AnswerStatus = "pending"
        self.behind = False
        self.final: AnswerRow | None = None
        self._question_id = question_id
        self._answer_id: UUID | None = None
        self._known = JoinedText()

    @property
    def text(self) -> str:
        """What one attempt wrote, from its beginning on."""
        return self._known.text if self.final is None else self.final.content

    def hear(self, event: str, payload: Mapping[str, Any]) -> None:
        """Take in a broadcast of the conversation; what is not of this answer is left alone."""
        try:
            if event == "delta":
                self._add(Delta.model_validate(payload))
            elif (payload.get("record") or {}).get("reply_to") == str(self._question_id):
                citations = payload.get("citations") or []
                self.read(AnswerRow.model_validate({**payload["record"], "citations": citations}))
        except ValidationError:
            self.behind = self.final is None

    def read(self, row: AnswerRow) -> None:
        """Take in the row as it is, or was a moment ago."""
        if self.final is not None:
            return
        self._answer_id = row.id
        if row.ended:
            self.final, self.status, self.behind = row, row.status, False
            return
        if self._known.read(row.fence or 0, row.content):
            self.status = row.status
        self.behind = self._known.gap

    def _add(self, delta: Delta) -> None:
        if self.final is not None:
            return
        if self._answer_id is None:
            self.behind = True  # whose piece this is, the row will tell
        elif delta.message_id == self._answer_id and self._known.add(delta):
            self.status = "streaming"
            self.behind = self._known.gap
