"""Measures of rankings, as trec_eval defines them, and of answers, as SQuAD does."""

import math
import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence

_ARTICLES = re.compile(r"\b(a|an|the|der|die|das|ein|eine)\b")


def ndcg(ranking: Sequence[str], relevant: Mapping[str, int], depth: int = 10) -> float:
    """Normalised discounted cumulative gain, linear gains (`ndcg_cut`)."""
    gained = sum(relevant.get(item, 0) / math.log2(rank + 1) for rank, item in enumerate(ranking[:depth], 1))
    ideal = sorted(relevant.values(), reverse=True)[:depth]
    return gained / sum(gain / math.log2(rank + 1) for rank, gain in enumerate(ideal, 1))


def recall(ranking: Sequence[str], relevant: Mapping[str, int], depth: int) -> float:
    """The share of what is relevant that is among the first `depth`."""
    return len(set(ranking[:depth]) & set(relevant)) / len(relevant)


def reciprocal_rank(ranking: Sequence[str], relevant: Mapping[str, int]) -> float:
    """One by the rank of the first relevant item; 0 if there is none."""
    return next((1 / rank for rank, item in enumerate(ranking, 1) if item in relevant), 0.0)


def exact(answer: str, expected: Sequence[str]) -> float:
    """1 if the answer is one of those expected, but for case, punctuation and articles."""
    return float(_normal(answer) in {_normal(each) for each in expected})


def token_f1(answer: str, expected: Sequence[str]) -> float:
    """The harmonic mean of precision and recall of the words, against the expected answer that fits best."""
    return max((_f1(_normal(answer).split(), _normal(each).split()) for each in expected), default=0.0)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _f1(answer: Sequence[str], expected: Sequence[str]) -> float:
    common = (Counter(answer) & Counter(expected)).total()
    return 2 * common / (len(answer) + len(expected)) if common else 0.0


def _normal(text: str) -> str:
    bare = "".join(" " if character in string.punctuation else character for character in text.lower())
    return " ".join(_ARTICLES.sub(" ", bare).split())
