"""Makes a question that leans on the conversation searchable by itself."""

import re
from collections.abc import Sequence

from schema.answers import Turn

# Words that point at something said before, in the languages that the embedder knows best.
_POINTERS = re.compile(
    r"\b(it|its|they|them|their|this|that|these|those|he|she|him|her|his|there|then|one|ones|same|former|latter|"
    r"er|sie|es|ihr|ihre|dies\w*|davon|damit|dort|dann|dazu)\b",
    re.IGNORECASE,
)
_OPENERS = re.compile(r"^\s*(and|but|so|also|or|what about|how about|und|aber|oder|was ist mit)\b", re.IGNORECASE)
_FEW_WORDS = 3


def search_query(question: str, history: Sequence[Turn]) -> str:
    """The text to search for: the question, preceded by the one before it if it cannot stand alone."""
    earlier = [turn.content for turn in history if turn.role == "user"]
    if not earlier or not _leans(question):
        return question
    return f"{earlier[-1]}\n{question}"


def _leans(question: str) -> bool:
    return bool(_OPENERS.search(question) or _POINTERS.search(question)) or len(question.split()) <= _FEW_WORDS
