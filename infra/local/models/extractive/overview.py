"""Questions about a document itself: `What is “Weir report” about?` is answered by how its passages begin."""

from __future__ import annotations

import re
from collections.abc import Sequence

from infra.local.models.extractive import choice, words
from infra.local.models.extractive.prompt import Passage
from infra.local.models.extractive.units import Unit

_MOST = 3
_QUOTED = re.compile(r"[“\"„«]\s*([^“”\"„«»]{1,200}?)\s*…?\s*[”\"“»]")
_FIGURES = re.compile(r"\b(?:figures?|numbers?)\b", re.IGNORECASE)
_META = frozenset(map(words.stem, ("key", "points", "main", "figures", "numbers", "summary", "content", "topic")))


def overview(question: str, passages: Sequence[Passage], units: Sequence[Unit]) -> list[int]:
    """Places of the units that tell what the named document, or the named section of it, says; none where the question
    names no document of the passages, or asks for something in particular.
    """
    title, section, *_ = [*map(_plain, _QUOTED.findall(question)), "", ""]
    if not title or _asks_for_more(_QUOTED.sub(" ", question)):
        return []
    named = {
        number
        for number, passage in enumerate(passages)
        if _names(title, passage.title) and (not section or _names(section, passage.section))
    }
    told = [place for place, unit in enumerate(units) if unit.passage in named and not choice.is_heading(unit)]
    if _FIGURES.search(question):
        told = [place for place in told if words.has_number(units[place].text)]
    return sorted(_spread(told, units))


def _asks_for_more(rest: str) -> bool:
    return any(words.stem(word) not in _META for word in words.content_words(rest))


def _names(name: str, full: str) -> bool:
    """Whether the full one has the name in it, which may have been cut at its end."""
    return f" {name}" in f" {_plain(full)}"


def _plain(name: str) -> str:
    return " ".join(words.words(name.replace("_", " ").casefold()))


def _spread(told: Sequence[int], units: Sequence[Unit]) -> list[int]:
    """One of each passage, then the second of each, until there are enough."""
    rank: dict[int, int] = {}
    seen: dict[int, int] = {}
    for place in told:
        passage = units[place].passage
        rank[place] = seen[passage] = seen.get(passage, -1) + 1
    return sorted(told, key=lambda place: (rank[place], place))[:_MOST]
