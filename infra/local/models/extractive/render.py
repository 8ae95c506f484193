"""Chosen units → the answer's text, each quoted and followed by its marker."""

from __future__ import annotations

import re
from collections.abc import Sequence

from infra.local.models.extractive import words
from infra.local.models.extractive.evidence import likeness
from infra.local.models.extractive.question import Inquiry
from infra.local.models.extractive.tables import Row, readable
from infra.local.models.extractive.units import Unit

_CLOSING = re.compile(r"[\s.!?…。！？;:,]*[\"'”’»)]*\s*$")
_FINAL = re.compile(r"[.!?…。！？]")
_WIDE_ROW = 4
_LIST_CHARACTERS = 400


def sentence(place: int, units: Sequence[Unit], inquiry: Inquiry, marker: str) -> str:
    """A unit as the answer quotes it: its words, then ` [marker]`, then the mark that ends it."""
    text = _quote(place, units, inquiry).strip()
    end = _CLOSING.search(text)
    body, tail = (text[: end.start()], end[0].strip()) if end else (text, "")
    final = _FINAL.search(tail)
    closing = re.sub(r"[^\"'”’»)]", "", tail)
    return f"{body}{closing} [{marker}]{final[0] if final else '.'}"


def _quote(place: int, units: Sequence[Unit], inquiry: Inquiry) -> str:
    unit = units[place]
    if unit.row:
        return readable(_narrowed(unit.row, inquiry))
    if unit.text.endswith(":"):
        return " ".join([unit.text, "; ".join(_items(place, units))])
    return unit.text


def _narrowed(row: Row, inquiry: Inquiry) -> Row:
    """Of a wide row the first cell, which names it, and those that the question names; all if it names none."""
    if len(row) <= _WIDE_ROW:
        return row
    named = [cell for cell in row[1:] if _is_named(f"{cell.heading} {cell.value}", inquiry)]
    return (row[0], *named) if named else row


def _is_named(text: str, inquiry: Inquiry) -> bool:
    stems = [words.stem(word) for word in words.words(text)]
    return any(likeness(stem, term.stem) for stem in stems for term in inquiry.terms)


def _items(place: int, units: Sequence[Unit]) -> list[str]:
    """The list that a sentence with a colon introduces, as far as it is short."""
    items: list[str] = []
    for unit in units[place + 1 :]:
        too_long = sum(map(len, items)) + len(unit.text) > _LIST_CHARACTERS
        if not unit.is_item or unit.passage != units[place].passage or too_long:
            break
        items.append(unit.text.rstrip(".;, "))
    return items
