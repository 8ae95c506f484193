"""Chooses the passages that go into a prompt."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from uuid import UUID

from schema.answers import Passage
from schema.search import FoundPassage

BUDGET_TOKENS = 2000
MOST_PASSAGES = 10
WITH_NEIGHBOURS = 3  # of the best passages: what stands before and after them, as far as the budget leaves room
SAME = 0.9  # of the words of two passages in common: near-duplicates
_WORD = re.compile(r"\w+")

Dropped = Literal["not_visible", "duplicate", "budget"]


@dataclass(frozen=True)
class Selection:
    """The passages, best first, each one's neighbours beside it; and why others that were looked at are not there."""

    passages: Sequence[Passage]
    dropped: Mapping[UUID, Dropped]


def select(ranking: Sequence[UUID], found: Sequence[FoundPassage], most: int = MOST_PASSAGES) -> Selection:
    """The best of `ranking` that were found visible, within the token budget, each text once."""
    visible = {passage.chunk_id: passage for passage in found if passage.around is None}
    chosen: list[Passage] = []
    dropped: dict[UUID, Dropped] = {}
    texts: list[frozenset[str]] = []
    left = BUDGET_TOKENS
    for chunk in ranking:
        passage = visible.get(chunk)
        if passage is None:
            dropped[chunk] = "not_visible"
        elif len(chosen) == most or passage.tokens > left:
            dropped[chunk] = "budget"
        elif any(map(partial(_same, words := _words(passage)), texts)):
            dropped[chunk] = "duplicate"
        else:
            chosen.append(passage)
            texts.append(words)
            left -= passage.tokens
    return Selection(_with_neighbours(chosen, found, left), dropped)


def _with_neighbours(chosen: Sequence[Passage], found: Sequence[FoundPassage], left: int) -> list[Passage]:
    """Neighbours in reading order beside the passage that they belong to, for the best passages first."""
    result = list(chosen)
    there = {passage.chunk_id for passage in chosen}
    for anchor in chosen[:WITH_NEIGHBOURS]:
        for passage in sorted((p for p in found if p.around == anchor.chunk_id), key=lambda p: -p.ordinal):
            if passage.chunk_id not in there and passage.tokens <= left:
                result.insert(result.index(anchor) + (passage.ordinal > anchor.ordinal), passage)
                there.add(passage.chunk_id)
                left -= passage.tokens
    return result


def _words(passage: Passage) -> frozenset[str]:
    return frozenset(_WORD.findall(passage.text.lower()))


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    smaller, larger = sorted((len(one), len(other)))
    return smaller >= SAME * larger and len(one & other) >= SAME * len(one | other)
