"""Joins an answer's text from broadcasts and rows, in whatever order and number they arrive.

The rules are those that `functions.handlers.answering.draft` writes by: `offset` counts the characters before a piece,
a higher fence is a new attempt, which starts over.
"""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

MOST_AHEAD = 1000  # pieces kept while an earlier one is missing


class Delta(BaseModel):
    """A piece of an answer, as it is broadcast: `offset` characters of the same attempt (`fence`) come before it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    message_id: UUID
    fence: int
    offset: int = Field(ge=0)
    text: str


class JoinedText:
    """`text` is always the beginning of what one attempt wrote, the latest that is known: that of `fence`."""

    def __init__(self) -> None:
        self.text = ""
        self.fence = 0
        self._ahead: dict[int, str] = {}

    @property
    def gap(self) -> bool:
        """Whether a piece is missing before others; the row may have it."""
        return bool(self._ahead)

    def add(self, delta: Delta) -> bool:
        """Take in a piece; False if it is of an earlier attempt, and left alone."""
        if not self._takes(delta.fence):
            return False
        if len(self._ahead) < MOST_AHEAD:
            self._ahead[delta.offset] = max(delta.text, self._ahead.get(delta.offset, ""), key=len)
        self._join()
        return True

    def read(self, fence: int, draft: str) -> bool:
        """Take in the draft of a row, as it is or was a moment ago; False as for `add`."""
        if not self._takes(fence):
            return False
        self.text = max(self.text, draft, key=len)  # both are beginnings of the same text
        self._join()
        return True

    def _takes(self, fence: int) -> bool:
        """Start over when a later attempt has taken the answer; False if this is an earlier one."""
        if fence > self.fence:
            self.text, self.fence = "", fence
            self._ahead.clear()
        return fence == self.fence

    def _join(self) -> None:
        """Append the pieces that fit; of one that is known in part, the rest."""
        for offset in sorted(self._ahead):
            if offset <= len(self.text):
                self.text += self._ahead.pop(offset)[len(self.text) - offset :]
