"""The row of a table with the highest or lowest value of a column, when that is what is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from infra.local.models.extractive import words
from infra.local.models.extractive.evidence import likeness
from infra.local.models.extractive.question import Inquiry
from infra.local.models.extractive.tables import Row
from infra.local.models.extractive.units import Unit

BONUS = 0.35

_HIGHEST = re.compile(
    r"\b(?:highest|most|largest|biggest|greatest|longest|maxim\w+|max|"
    r"h(?:ö|oe)chste\w*|gr(?:ö|oe)(?:ß|ss)te\w*|meiste\w*|l(?:ä|ae)ngste\w*)\b",
    re.IGNORECASE,
)
_LOWEST = re.compile(
    r"\b(?:lowest|least|smallest|fewest|shortest|minim\w+|min|"
    r"niedrigste\w*|kleinste\w*|geringste\w*|wenigste\w*|k(?:ü|ue)rzeste\w*)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-−]?\d[\d.,]*")
_FEWEST_ROWS = 3


def rows(inquiry: Inquiry, units: Sequence[Unit]) -> set[int]:
    """The places of the units that hold an extreme; none unless the question asks for one."""
    highest, lowest = _HIGHEST.search(inquiry.texts[-1]), _LOWEST.search(inquiry.texts[-1])
    if not highest and not lowest:
        return set()
    pick = max if highest else min
    columns = [_column(inquiry, units, table) for table in _tables(units)]
    return {pick(column, key=lambda place: column[place]) for column in columns if len(column) >= _FEWEST_ROWS}


def _tables(units: Sequence[Unit]) -> Iterator[list[int]]:
    """The places of the rows of each table."""
    for key, group in groupby(range(len(units)), key=lambda place: (units[place].passage, bool(units[place].row))):
        if key[1]:
            yield list(group)


def _column(inquiry: Inquiry, units: Sequence[Unit], table: Sequence[int]) -> dict[int, float]:
    """The numbers of the column whose heading the question names best, by place; empty if it names none."""
    best: dict[int, float] = {}
    best_likeness = 0.0
    for heading in dict.fromkeys(cell.heading for place in table for cell in units[place].row):
        alike = _named(inquiry, heading)
        values = {place: number for place in table if (number := _value(units[place].row, heading)) is not None}
        if alike > best_likeness and len(values) >= _FEWEST_ROWS:
            best, best_likeness = values, alike
    return best


def _named(inquiry: Inquiry, heading: str) -> float:
    """How far the question names a heading: the sum over its words."""
    stems = [words.stem(word) for word in words.words(heading)]
    return sum(max((likeness(stem, term.stem) for term in inquiry.terms), default=0.0) for stem in stems)


def _value(row: Row, heading: str) -> float | None:
    for cell in row:
        if cell.heading == heading and (number := _NUMBER.search(cell.value)):
            return words.number(number[0])
    return None
