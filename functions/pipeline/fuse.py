"""Joins the rankings of several searches into one."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

# Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009) with a smaller constant than the paper's 60: the
# lists here are short, and a first place should weigh more.
RANK_CONSTANT = 10


def fuse(rankings: Sequence[Sequence[UUID]]) -> list[UUID]:
    """One ranking of everything ranked, best first; what several rankings agree on rises."""
    scores: dict[UUID, float] = defaultdict(float)
    for ranking in rankings:
        for rank, item in enumerate(ranking):
            scores[item] += 1 / (RANK_CONSTANT + rank + 1)
    return sorted(scores, key=lambda item: (-scores[item], item))
