"""Which units answer an inquiry: a score for each, a threshold below which nothing does, and few units at most.

The weights and thresholds were fitted (logistic regression) on questions over Wikipedia paragraphs in English and
German with eight passages each, once with the paragraph that answers among them and once without.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from infra.local.models.extractive import extremes, words
from infra.local.models.extractive.evidence import Evidence, likeness
from infra.local.models.extractive.question import Inquiry
from infra.local.models.extractive.units import Unit

SHORTLIST = 6
"""Units compared with the question by meaning; with more of them the measured rates stay as they are."""

_MEANING = 0.88
_NO_NUMBER = 0.15
_NO_SENTENCE, _FEW_WORDS = 0.20, 8
_SAME_THING = 0.8
_NOT_COUNTED = 0.12
_REASON = 0.10
_NAME_ABSENT, _NUMBER_ABSENT, _YEAR_ABSENT = 0.10, 0.25, 0.70
"""What is nowhere in the passages: they speak of something else."""
_QUESTION = 0.20
_PER_TERM, _MANY_TERMS = 0.014, 12
_ANSWERS = 0.95
_ANSWERS_FOREIGN = 0.86
"""The embedder was trained on English; elsewhere its cosines are lower."""

MOST = 4
_ADDS, _ADDS_TO_COMPARISON = 0.18, 0.06
_GOOD_BESIDE_BEST = 0.70
_SHORT_BESIDE_BEST = 0.10
_ALIKE = 0.6

_YEAR = re.compile(r"[12]\d{3}")
_CAUSE = re.compile(
    r"\b(?:because|since|due to|owing to|caused?|reasons?|result(?:ed)? (?:of|from)|therefore|in order to|"
    r"weil|da|wegen|aufgrund|durch|Grund|Gründe|Ursachen?|deshalb|daher|um zu)\b"
)

Scores = NDArray[np.float32]


def shortlist(evidence: Evidence) -> list[int]:
    """The units with the most evidence in words, best first."""
    lexical = evidence.covered(evidence.around) + 0.3 * evidence.covered(evidence.own)
    return [int(place) for place in np.argsort(-lexical, kind="stable")[:SHORTLIST]]


def score(inquiry: Inquiry, units: Sequence[Unit], evidence: Evidence, cosines: dict[int, float]) -> dict[int, float]:
    """How well each shortlisted unit answers; `cosines` by unit."""
    around = evidence.covered(evidence.around)
    extreme = extremes.rows(inquiry, units)
    common = _PER_TERM * min(len(inquiry.terms), _MANY_TERMS) - _absent(inquiry, evidence)
    return {
        place: float(around[place])
        + _MEANING * cosine
        + common
        + _form(inquiry, units[place])
        + extremes.BONUS * (place in extreme)
        for place, cosine in cosines.items()
    }


def _absent(inquiry: Inquiry, evidence: Evidence) -> float:
    """What speaks against every unit: the names and numbers of the question that are in no passage."""
    keys = [term for term, present in zip(inquiry.terms, evidence.present, strict=True) if term.is_key and not present]
    return sum(map(_price, (term.stem for term in keys)))


def _price(stem: str) -> float:
    if _YEAR.fullmatch(stem):
        return _YEAR_ABSENT
    return _NUMBER_ABSENT if stem[0].isdigit() else _NAME_ABSENT


def _form(inquiry: Inquiry, unit: Unit) -> float:
    """What the unit's form says for or against it."""
    value = 0.0
    if is_heading(unit):
        value -= _NO_SENTENCE
    if unit.text.endswith("?"):
        value -= _QUESTION
    if inquiry.expects == "number" and not words.has_number(unit.text):
        value -= _NO_NUMBER
    elif inquiry.counted and not unit.row and not _counts(unit.text, inquiry.counted):
        value -= _NOT_COUNTED
    if inquiry.expects == "reason" and _CAUSE.search(unit.text):
        value += _REASON
    return value


def _counts(text: str, counted: str) -> bool:
    """Whether a number stands right before what is counted: `twelve gauging stations`."""
    found = words.words(text)
    return any(
        words.has_number(number)
        for place, word in enumerate(found)
        if likeness(words.stem(word), counted) >= _SAME_THING
        for number in found[max(0, place - 3) : place]
    )


def is_heading(unit: Unit) -> bool:
    """Whether the unit looks like a heading or a label: short, and without a mark at its end."""
    if unit.row or unit.is_item or unit.text.endswith((".", "!", "?", ":", "。")):
        return False
    return len(words.words(unit.text)) <= _FEW_WORDS


def choose(inquiry: Inquiry, units: Sequence[Unit], evidence: Evidence, scores: dict[int, float]) -> list[int]:
    """The units that answer, in reading order; none if the best is not good enough.

    Beside the best one come those that cover words of the question which it does not: the second document of a
    comparison, the second half of a double question.
    """
    if not scores:
        return []
    adds = _ADDS_TO_COMPARISON if inquiry.compares else _ADDS
    enough = _ANSWERS if inquiry.is_english else _ANSWERS_FOREIGN
    best = max(scores, key=lambda place: (scores[place], -place))
    chosen = [best]
    covered = evidence.around[best].copy()
    asked = np.array([term.weight == 1 for term in inquiry.terms], np.float32)
    while len(chosen) < MOST:
        candidates = [place for place in scores if _may_join(place, chosen, units, scores, enough)]
        gains = {place: _gain(evidence, place, covered, asked) for place in candidates}
        following = max(gains, key=lambda place: gains[place] + 0.2 * scores[place], default=None)
        if following is None or gains[following] < adds:
            break
        chosen.append(following)
        covered = np.maximum(covered, evidence.around[following])
    together = _gain(evidence, chosen[1], evidence.around[best], asked) if inquiry.compares and len(chosen) > 1 else 0.0
    return sorted(chosen) if scores[best] + together >= enough else []


def _gain(evidence: Evidence, place: int, covered: Scores, asked: Scores) -> float:
    """The share of the question's weight that the unit covers and the chosen ones do not; `asked` is 1 for the words
    of the question itself, 0 for those taken over from earlier ones.
    """
    more = np.maximum(evidence.around[place] - covered, 0) * asked
    return float(evidence.covered(more[None, :])[0])


def _may_join(
    place: int, chosen: Sequence[int], units: Sequence[Unit], scores: dict[int, float], enough: float
) -> bool:
    if place in chosen or scores[place] < max(_GOOD_BESIDE_BEST * scores[chosen[0]], enough - _SHORT_BESIDE_BEST):
        return False
    return all(_likeness(units[place].text, units[other].text) < _ALIKE for other in chosen)


def _likeness(one: str, other: str) -> float:
    """The share of words that two texts have in common."""
    left, right = set(words.words(one.casefold())), set(words.words(other.casefold()))
    return len(left & right) / max(1, len(left | right))
