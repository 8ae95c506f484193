"""What a question asks: its parts, the words that matter in each, and what it leaves to the turns before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from infra.local.models.extractive import words
from infra.local.models.extractive.stopwords import POINTS_BACK

_MOST_PARTS, _MOST_TERMS = 4, 48
_BACKGROUND = 0.5
"""A word taken over from an earlier question counts at most half of one in the question itself."""

_ASKING = (
    r"who|whom|whose|what|when|where|which|why|how|is|are|was|were|does|do|did|has|have|can|will|"
    r"wer|wem|wen|wessen|was|wann|wo|woher|wohin|welche[rsmn]?|warum|wieso|wie|wieviele?|ist|sind|war|waren|hat|haben"
)
_PART = re.compile(
    rf"(?<=[?])\s+|,?\s+(?:and|und|as well as|sowie)\s+(?=(?:in |by |to |on |for |since )?(?:{_ASKING})\b)",
    re.IGNORECASE,
)
_CONTINUES = re.compile(
    r"(?:and|but|so|also|what about|how about|same for|und|aber|was ist mit|wie (?:sieht es|ist es|steht es))\b",
    re.IGNORECASE,
)
_MEASURES = re.compile(
    r"\b(?:how (?:many|much|long|old|far|tall|high|large|big|often|deep|fast|wide)|when|"
    r"(?:what|which) (?:year|date|percent|percentage|share|day|number|time)|"
    r"wann|wie ?viele?|wie (?:lange|oft|hoch|alt|weit|gro(?:ß|ss)|tief|schnell)|"
    r"welche[mnrs]? (?:jahr|datum|tag|prozentsatz|anteil|anzahl|zahl)|"
    r"combien|quand|cu[aá]ndo|cu[aá]nt[oa]s?|quando|quant[oi])\b",
    re.IGNORECASE,
)

_REASONS = re.compile(
    r"\b(?:why|what (?:caused|causes|led to)|warum|wieso|weshalb|weswegen|pourquoi|perch[eé]|por qu[eé])\b",
    re.IGNORECASE,
)
_COUNTS = re.compile(
    r"\b(?:how many|wie ?viele)\s+((?:(?!(?:do|did|does|are|is|were|was|have|has|had|can|will|must|should|in|of|on|at|"
    r"per|haben|hat|hatte|sind|ist|war|waren|wurden?|werden|gibt|gab|kann|muss|in|von|pro|der|die|das)\b)[^\W\d_]+\s*){1,3})",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"\b(?:compar\w+|versus|vs|differ(?:s|ed|ence|ences|ent)?|contrast|"
    r"(?:chang|develop|evolv|improv|increas|decreas|ris|fall)\w*(?=.*\b(?:between|from|since|compared)\b)|"
    r"vergleich\w*|unterschied\w*|unterscheide\w*|gegenüber|"
    r"(?:ver)?(?:änder|entwickel)\w*(?=.*\b(?:zwischen|von|seit)\b))\b",
    re.IGNORECASE,
)


Expected = Literal["number", "reason", "anything"]


@dataclass(frozen=True)
class Term:
    """A word that matters: its stem, how much it counts, and whether it names a thing or a number."""

    stem: str
    weight: float
    is_key: bool


@dataclass(frozen=True)
class Inquiry:
    """One thing that is asked. `texts` are compared by meaning, each as much as the other: the question as written and,
    if it leans on an earlier one, both together.
    """

    texts: tuple[str, ...]
    terms: tuple[Term, ...]
    is_english: bool
    expects: Expected
    """What the answer has in it, as far as the question's first words tell."""
    counted: str
    """The stem of what is counted in `how many stations are there`, else empty."""
    compares: bool
    """Whether no single sentence need answer: the question sets two things against each other."""


def inquiries(question: str, earlier: Sequence[str]) -> list[Inquiry]:
    """The parts of the question, each understood with the part before it and with the turns before it."""
    before = _last(earlier)
    parts: list[Inquiry] = []
    for text in filter(None, map(str.strip, _PART.split(question, _MOST_PARTS - 1))):
        before = _inquiry(text, before)
        parts.append(before)
    return [part for part in parts if part.terms]


def whole(question: str, earlier: Sequence[str]) -> Inquiry:
    """The question as one part."""
    return _inquiry(question, _last(earlier))


def _last(earlier: Sequence[str]) -> Inquiry | None:
    """The latest of the earlier questions, understood with those before it."""
    before: Inquiry | None = None
    for turn in earlier:
        before = _inquiry(turn, before)
    return before


def _inquiry(text: str, before: Inquiry | None) -> Inquiry:
    compares = bool(_COMPARES.search(text))
    terms = _terms(_COMPARES.sub(" ", text) if compares else text)
    english = words.is_english(text)
    if before is None or not _leans_back(text, terms):
        return Inquiry((text,), terms, english, _expected(text), _counted(text), compares)
    expected = _expected(text)
    return Inquiry(
        texts=(text, f"{text} {before.texts[-1]}"),
        terms=(terms + _background(terms, before.terms))[:_MOST_TERMS],
        is_english=english,
        expects=before.expects if expected == "anything" and _CONTINUES.match(text) else expected,
        counted=_counted(text),
        compares=compares,
    )


def _expected(text: str) -> Expected:
    if _MEASURES.search(text):
        return "number"
    return "reason" if _REASONS.search(text) else "anything"


def _counted(text: str) -> str:
    """`career sacks` are what `How many career sacks did he make?` counts: the last word before the verb."""
    phrase = _COUNTS.search(text)
    stems = [words.stem(word) for word in words.words(phrase[1])] if phrase else []
    return stems[-1] if stems else ""


def _leans_back(text: str, terms: Sequence[Term]) -> bool:
    """Whether the text cannot be understood alone: it goes on, points back, or hardly says anything."""
    points = any(words.fold(word) in POINTS_BACK for word in words.words(text))
    return bool(_CONTINUES.match(text)) or len(terms) <= 1 or (points and len(terms) <= 5)


def _background(terms: Sequence[Term], before: Sequence[Term]) -> tuple[Term, ...]:
    """The earlier question's words, but for those said again and for numbers that were replaced by others."""
    said = {term.stem for term in terms}
    has_number = any(stem[0].isdigit() for stem in said)
    kept = [term for term in before if term.stem not in said and not (has_number and term.stem[0].isdigit())]
    # However long the earlier question was, it does not outweigh this one.
    share = min(_BACKGROUND, max(1, len(terms)) / max(1.0, sum(term.weight for term in kept)))
    return tuple(Term(term.stem, term.weight * share, is_key=False) for term in kept)


def _terms(text: str) -> tuple[Term, ...]:
    english = words.is_english(text)
    first = next(iter(words.words(text)), "")
    found: dict[str, Term] = {}
    for word in words.content_words(text):
        # In German every noun has a capital: it does not tell names there.
        is_name = english and word[0].isupper() and word != first
        is_number = word[0].isdigit() and len(word) > 1
        found.setdefault(words.stem(word), Term(words.stem(word), 1.0, is_name or is_number))
    return tuple(found.values())[:_MOST_TERMS]
