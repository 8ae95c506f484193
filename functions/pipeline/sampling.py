"""Questions to a place whose answers are known: a sentence of a passage has to find that passage."""

import re
from collections.abc import Sequence
from uuid import UUID

SHORTEST, LONGEST = 30, 240  # characters of a sentence that says enough and is still like a question

_ENDS = re.compile(r"(?<=[.!?。！？])\s*|\n+")


def probe(text: str) -> str:
    """The first sentence of a passage that is neither too short nor too long; else how it begins."""
    sentences = (sentence.strip() for sentence in _ENDS.split(text))
    return next((each for each in sentences if SHORTEST <= len(each) <= LONGEST), text.strip()[:LONGEST])


def share_found(wanted: Sequence[UUID], results: Sequence[Sequence[UUID]]) -> float:
    """The share of the passages that are among their results."""
    return sum(chunk in found for chunk, found in zip(wanted, results, strict=True)) / max(len(wanted), 1)


def agreement(one: Sequence[Sequence[UUID]], other: Sequence[Sequence[UUID]]) -> float:
    """The mean share of results that both name."""
    shares = [len(set(a) & set(b)) / max(len(a), len(b), 1) for a, b in zip(one, other, strict=True)]
    return sum(shares) / max(len(shares), 1)
