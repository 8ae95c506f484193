"""Joins what was found by meaning and by words into one ranking.

By scores, not by ranks: ranks give the first of a bad arm the weight of the first of a good one. The scores of the
words are divided by the best one, for BM25 has a natural zero; cosines have none, so the worst one found takes its
place. How much the meaning weighs is decided by each query: by how far both arms agree beyond chance. An embedder that
does not know the language agrees with nobody. Measured in infra/decisions/0071-fusion-by-agreement.md.
"""

from collections.abc import Sequence
from itertools import chain
from uuid import UUID

from schema.search import Hit

LEAST_WEIGHT, MOST_WEIGHT = 0.3, 0.7  # of the meaning: neither arm ever weighs more than 0.7
COMPARED = 20  # hits of each arm
FULL_AGREEMENT = 0.5  # of them in common, beyond chance


def fuse(by_meaning: Sequence[Sequence[Hit]], by_words: Sequence[Hit]) -> list[Hit]:
    """One ranking of everything found, best first, scored from 0 to 1.

    Cosines compare only within a model: `by_meaning` has a ranking for each. All rankings are best first.
    """
    dense = comparable(by_meaning)
    return join(dense, by_words, weight_of_meaning(dense, by_words))


def comparable(by_meaning: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The rankings of all models as one, scored from 0 to 1."""
    return sorted(chain.from_iterable(map(_from_worst, by_meaning)), key=_best_first)


def join(dense: Sequence[Hit], by_words: Sequence[Hit], weight: float) -> list[Hit]:
    """As `fuse`, of what is `comparable`, with the weight of the meaning given."""
    # The better one comes last and stays, where two models know a passage.
    scores = {hit.chunk: weight * hit.score for hit in reversed(dense)}
    best = by_words[0].score if by_words else 1.0
    for hit in by_words:
        scores[hit.chunk] = scores.get(hit.chunk, 0.0) + (1 - weight) * hit.score / best
    return sorted(map(Hit._make, scores.items()), key=_best_first)


def weight_of_meaning(dense: Sequence[Hit], by_words: Sequence[Hit]) -> float:
    """Between 0 and 1: how much of a passage's score comes from its meaning, which is `comparable`."""
    if not dense or not by_words:
        return 1.0 if dense else 0.0
    compared = min(COMPARED, len(dense) // 2, len(by_words))
    if not compared:
        return LEAST_WEIGHT
    common = len({hit.chunk for hit in dense[:compared]} & {hit.chunk for hit in by_words[:compared]}) / compared
    by_chance = compared / len(dense)
    agreement = max(0.0, (common - by_chance) / (1 - by_chance)) / FULL_AGREEMENT
    return LEAST_WEIGHT + (MOST_WEIGHT - LEAST_WEIGHT) * min(1.0, agreement)


def _from_worst(hits: Sequence[Hit]) -> list[Hit]:
    if not hits:
        return []
    best, worst = hits[0].score, hits[-1].score
    return [Hit(hit.chunk, (hit.score - worst) / (best - worst) if best > worst else 1.0) for hit in hits]


def _best_first(hit: Hit) -> tuple[float, UUID]:
    return -hit.score, hit.chunk
