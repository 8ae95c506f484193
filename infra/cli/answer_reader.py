"""Puts an answer together from what is heard and what is read, in whatever order and number it arrives.

Pure: no clock, no network. The rules are those that `functions.handlers.answering.draft` writes by.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from infra.cli.rows import AnswerRow, AnswerStatus, Delta

MOST_AHEAD = 1000  # pieces kept while an earlier one is missing


class AnswerReader:
    """The answer to one question, as far as it is known.

    `text` is always the beginning of what one attempt wrote; `behind` says that something is missing, so that the row
    should be read; `final` is the row once the answer has ended, and nothing changes after that.
    """

    def __init__(self, question_id: UUID) -> None:
        self.text = ""
        self.status: AnswerStatus = "pending"
        self.behind = False
        self.final: AnswerRow | None = None
        self._question_id = question_id
        self._answer_id: UUID | None = None
        self._fence = 0
        self._ahead: dict[int, str] = {}

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
            self.final, self.status, self.text = row, row.status, row.content
            self._ahead.clear()
        elif (row.fence or 0) >= self._fence:
            self.status = row.status
            self._take_attempt(row.fence or 0)
            # Both are beginnings of the same text.
            self.text = max(self.text, row.content, key=len)
        self._join_pieces()

    def _add(self, delta: Delta) -> None:
        if self.final is not None or delta.fence < self._fence:
            return
        if self._answer_id is None:
            self.behind = True  # whose piece this is, the row will tell
        elif delta.message_id == self._answer_id:
            self.status = "streaming"
            self._take_attempt(delta.fence)
            if len(self._ahead) < MOST_AHEAD:
                self._ahead[delta.offset] = max(delta.text, self._ahead.get(delta.offset, ""), key=len)
            self._join_pieces()

    def _take_attempt(self, fence: int) -> None:
        """Start over when a later attempt has taken the answer."""
        if fence > self._fence:
            self._fence, self.text = fence, ""
            self._ahead.clear()

    def _join_pieces(self) -> None:
        """Append the pieces that fit; of one that is known in part, the rest."""
        for offset in sorted(self._ahead):
            if offset <= len(self.text):
                self.text += self._ahead.pop(offset)[len(self.text) - offset :]
        self.behind = bool(self._ahead)
