"""What to know of an answer besides: that it was cut off or came too early, or what of it nothing supports."""

from infra.cli.console import plain
from infra.cli.rows import AnswerRow
from schema.answers import Doubt, DoubtReason, FinishReason

_CUT_OFF: dict[FinishReason, str] = {
    "length": "The answer was cut off at the longest length that is allowed.",
    "time": "Time ran out while the answer was being written.",
    "content_filter": "The model's provider withheld the rest of this answer.",
}
_REASONS: dict[DoubtReason, str] = {
    "uncited": "names no passage",
    "number": "holds a number that its passages do not",
    "unrelated": "shares no word with its passages",
}
UNREAD = "Some of your documents were still being read. Ask again when they are ready."
NO_PASSAGE = "This answer names no passage. Treat it with care."


def remarks(row: AnswerRow) -> list[str]:
    """One line for each; none for an answer that ended well, and rests on passages or says that no document tells."""
    cut_off = _CUT_OFF.get(row.metadata.get("finish_reason", "stop"))
    too_early = row.refused and row.metadata.get("unread", 0) > 0
    return ([cut_off] if cut_off else []) + ([UNREAD] if too_early else []) + _unsupported(row)


def _unsupported(row: AnswerRow) -> list[str]:
    if row.metadata.get("supported", True) or not row.content.strip():
        return []
    if not row.citations:
        return [NO_PASSAGE]
    return [_in_doubt(row.content, Doubt.model_validate(doubt)) for doubt in row.metadata.get("doubts", ())]


def _in_doubt(content: str, doubt: Doubt) -> str:
    statement = " ".join(plain(content[doubt.start : doubt.end]).split())
    return f"“{statement}” {_REASONS[doubt.reason]}."
