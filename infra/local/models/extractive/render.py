"""Chosen units → the answer's text, each quoted and followed by its marker."""

from __future__ import annotations

import re
from collections.abc import Sequence

from infra.local.models.extractive import words
from infra.local.models.extractive.evidence import likeness
from infra.local.models.extractive.question import Inquiry
from infra.local.models.extractive.tables import Row, narrowed, readable
from infra.local.models.extractive.units import Unit, without_markers

_CLOSING = re.compile(r"[\s.!?…。！？;:,]*[\"'”’»)]*\s*$")
_FINAL = re.compile(r"[.!?…。！？]")
_COMPARED_CHARACTERS = 280
_LIST_CHARACTERS = 400


def sentence(place: int, units: Sequence[Unit], inquiry: Inquiry, marker: str) -> str:
    """A unit as the answer quotes it: its words, then ` [marker]`, then the mark that ends it."""
    text = without_markers(_quote(place, units, inquiry)).strip()
    end = _CLOSING.search(text)
    body, tail = (text[: end.start()], end[0].strip()) if end else (text, "")
    final = _FINAL.search(tail)
    closing = re.sub(r"[^\"'”’»)]", "", tail)
    return f"{body}{closing} [{marker}]{final[0] if final else '.'}"


def comparable(unit: Unit, inquiry: Inquiry) -> str:
    """What of a unit is compared with the question by meaning: enough of it, as time grows with length."""
    text = readable(_narrowed(unit.row, inquiry)) if unit.row else unit.text
    return text[:_COMPARED_CHARACTERS]


def _quote(place: int, units: Sequence[Unit], inquiry: Inquiry) -> str:
    unit = units[place]
    if unit.row:
        return readable(_narrowed(unit.row, inquiry))
    if unit.text.endswith(":"):
        return " ".join([unit.text, "; ".join(_items(place, units))])
    return unit.text


def _narrowed(row: Row, inquiry: Inquiry) -> Row:
    def is_named(text: str) -> bool:
        stems = [words.stem(word) for word in words.words(text)]
        return any(likeness(stem, term.stem) for stem in stems for term in inquiry.terms)

    return narrowed(row, is_named)


def _items(place: int, units: Sequence[Unit]) -> list[str]:
    """The list that a sentence with a colon introduces, as far as it is short."""
    items: list[str] = []
    for unit in units[place + 1 :]:
        too_long = sum(map(len, items)) + len(unit.text) > _LIST_CHARACTERS
        if not unit.is_item or unit.passage != units[place].passage or too_long:
            break
        items.append(unit.text.rstrip(".;, "))
    return items
