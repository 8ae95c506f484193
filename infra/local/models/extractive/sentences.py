"""Prose → sentences, in languages that end them with a mark."""

from __future__ import annotations

import re

_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+(?=[\"'“„«(\[]?[\w\d])|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|Dr|Mr|Mrs|Ms|Prof|St|Jr|Sr|vs|No|Nr|Fig|Abb|Tab|Art|Abs|Sec|Vol|Eq|approx|ca|bzw|usw|etc|al|"
    r"Inc|Ltd|Co|Corp|max|min|inkl|ggf|evtl|vgl|Str|Tel|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Okt|Nov|Dec|Dez|"
    r"(?:[A-Za-z]\.)+[A-Za-z])\.$"
)
_ORDINAL = re.compile(r"(?:^|\s)\d{1,2}\.$")
_MONTH = re.compile(r"(?:Jan|Feb|Mär|Maer|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|Jahrhundert|Quartal|Klasse)\w*\b")
_SEEN = 20
"""Characters on either side that decide whether a sentence ends."""
_LONGEST = 400
_SOFT_BREAK = re.compile(r"(?<=[;:])\s+")


def split(text: str) -> list[str]:
    """The sentences of one paragraph; what has no end for 400 characters is cut at a semicolon or between words."""
    plain = " ".join(text.split())
    sentences: list[str] = []
    start = 0
    for end in _END.finditer(plain):
        before = plain[max(start, end.start() - _SEEN) : end.start()]
        if _is_end(before, plain[end.end() : end.end() + _SEEN]):
            sentences.append(plain[start : end.end()].strip())
            start = end.end()
    sentences.append(plain[start:].strip())
    return [piece for sentence in sentences for piece in _bounded(sentence) if piece]


def _is_end(before: str, after: str) -> bool:
    """Whether a full stop ends the sentence, and not an abbreviation, an initial or a German ordinal."""
    if not before.endswith("."):
        return not after[:1].islower()
    if after[:1].islower() or _ABBREVIATION.search(before):
        return False
    return not (_ORDINAL.search(before) and _MONTH.match(after))


def _bounded(sentence: str) -> list[str]:
    if len(sentence) <= _LONGEST:
        return [sentence]
    pieces: list[str] = []
    for part in _SOFT_BREAK.split(sentence):
        pieces.extend(_cut(part))
    return pieces


def _cut(part: str) -> list[str]:
    pieces = []
    while len(part) > _LONGEST:
        place = part.rfind(" ", 1, _LONGEST)
        place = place if place > 0 else _LONGEST
        pieces.append(part[:place].strip())
        part = part[place:].strip()
    return [*pieces, part]
