"""Chooses the passages that go into a prompt."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from schema.answers import Passage

BUDGET_TOKENS = 2000
MOST_PASSAGES = 10


def select(ranking: Sequence[UUID], visible: Mapping[UUID, Passage]) -> list[Passage]:
    """The best visible passages within the token budget, best first, without texts that are already there."""
    chosen: list[Passage] = []
    left = BUDGET_TOKENS
    texts: set[str] = set()
    for chunk_id in ranking:
        passage = visible.get(chunk_id)
        if passage is None or passage.tokens > left or passage.text in texts:
            continue
        chosen.append(passage)
        texts.add(passage.text)
        left -= passage.tokens
        if len(chosen) == MOST_PASSAGES:
            break
    return chosen
