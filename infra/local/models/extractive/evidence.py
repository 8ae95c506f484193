"""How far each unit speaks of what the question asks: word for word, around it, and anywhere at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infra.local.models.extractive import words
from infra.local.models.extractive.prompt import Passage
from infra.local.models.extractive.question import Term
from infra.local.models.extractive.units import Unit

Matrix = NDArray[np.float32]

_SAME_BEGINNING = 0.8
_END_OF_COMPOUND = 0.8
_BEGINNING_OF_COMPOUND = 0.6
_SHORTEST_PART = 5
_HEADING, _TITLE, _PREVIOUS, _NEXT, _PASSAGE = 0.7, 0.6, 0.5, 0.3, 0.25
"""What a word in the heading, the document's title, the neighbouring units or elsewhere in the passage counts,
against 1 in the unit itself.
"""


@dataclass(frozen=True)
class Evidence:
    """Strength of each term of the question in each unit, 0 to 1; (units, terms)."""

    own: Matrix
    around: Matrix
    """At least `own`: with the headings, the title and the neighbours."""
    weights: NDArray[np.float32]
    """(terms,): how much a term tells; those in few units tell most, those nowhere as much as that."""
    present: NDArray[np.bool_]
    """(terms,): whether the term is anywhere in the passages."""

    def covered(self, strengths: Matrix) -> NDArray[np.float32]:
        """(units,): the share of the question's weight that each row of strengths covers."""
        total = float(self.weights.sum())
        return np.asarray(strengths @ self.weights / total if total else strengths.sum(axis=1), np.float32)


def gather(terms: Sequence[Term], units: Sequence[Unit], passages: Sequence[Passage]) -> Evidence:
    """Evidence for the terms; each word of the passages is compared with each term once."""
    compare = _Comparison([term.stem for term in terms])
    own = compare.rows(unit.text for unit in units)
    headings = compare.rows(unit.heading for unit in units)
    about = np.maximum(
        compare.rows(passage.section for passage in passages) * _HEADING,
        compare.rows(passage.title for passage in passages) * _TITLE,
    )
    number = np.array([unit.passage for unit in units], np.int64)
    whole = np.zeros((len(passages), len(terms)), np.float32)
    np.maximum.at(whole, number, np.maximum(own, headings))
    near = [own, headings * _HEADING, about[number], whole[number] * _PASSAGE, *_neighbours(own, number)]
    around = np.stack(near).max(axis=0)
    frequency = (own >= _BEGINNING_OF_COMPOUND).sum(axis=0)
    said = np.array([term.weight for term in terms])
    weights = (said * np.log1p(len(units) / (frequency + 0.5))).astype(np.float32)
    present = np.maximum(whole.max(axis=0, initial=0), about.max(axis=0, initial=0)) > 0
    return Evidence(own, around, weights, present)


def _neighbours(own: Matrix, number: NDArray[np.int64]) -> list[Matrix]:
    """The strengths of the unit before and after, in the same passage."""
    same = (number[1:] == number[:-1])[:, None]
    edge = np.zeros((1, own.shape[1]), np.float32)
    before = np.concatenate([edge, own[:-1] * same])
    after = np.concatenate([own[1:] * same, edge])
    return [before * np.float32(_PREVIOUS), after * np.float32(_NEXT)]


class _Comparison:
    """Remembers which terms each word is like; few words are like any."""

    def __init__(self, terms: Sequence[str]) -> None:
        self._terms = terms
        self._known: dict[str, list[tuple[int, float]]] = {}

    def rows(self, texts: Iterable[str]) -> Matrix:
        """(texts, terms): the strongest likeness of any word of the text."""
        rows = [self._row(text) for text in texts]
        return np.array(rows, np.float32).reshape(len(rows), len(self._terms))

    def _row(self, text: str) -> list[float]:
        row = [0.0] * len(self._terms)
        for word in set(words.words(text)):
            for place, value in self._alike(word):
                row[place] = max(row[place], value)
        return row

    def _alike(self, word: str) -> list[tuple[int, float]]:
        if word not in self._known:
            stem = words.stem(word)
            values = [(place, likeness(stem, term)) for place, term in enumerate(self._terms)]
            self._known[word] = [(place, value) for place, value in values if value]
        return self._known[word]


def likeness(stem: str, term: str) -> float:
    """1 for the same stem, less for a long shared beginning or for a part of a compound, else 0; numbers must be equal.

    The end of a compound is what it is (`Frist` in `Kündigungsfrist`), its beginning only says which.
    """
    if stem == term:
        return 1.0
    alike_at_all = stem[:_SHORTEST_PART] == term[:_SHORTEST_PART] or stem.endswith(term) or term.endswith(stem)
    if not alike_at_all or stem[0].isdigit() or term[0].isdigit():
        return 0.0
    shorter, longer = sorted((stem, term), key=len)
    if len(shorter) < _SHORTEST_PART:
        return 0.0
    if longer.endswith(shorter):
        return _END_OF_COMPOUND
    shared = _shared_beginning(stem, term)
    if shared >= max(5, 0.7 * len(longer)):
        return _SAME_BEGINNING
    return _BEGINNING_OF_COMPOUND if shared == len(shorter) else 0.0


def _shared_beginning(one: str, other: str) -> int:
    """How many letters two words begin with in common."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))
