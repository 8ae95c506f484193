"""Sentences of a text, and the words that tell what one is about."""

import re
from itertools import pairwise

from functions.pipeline.spans import Span, trimmed

# A sentence ends at its mark before white space, at a blank line, or where a row or list item begins. A single line
# break is only how the page was set. Scripts without spaces have marks of their own.
_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n(?=\s*\n|[|*•-])")
# Not an end: a number before its unit or ordinal, an initial, and the usual abbreviations.
_ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:\w|z\. ?B|e\.g|i\.e|[Nn]o|[Nn]r|[Ff]ig|[Aa]bb|[Dd]r|[Mm]r|[Mm]rs|[Cc]a|vs|[Ss]t)\.$"
)
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:[.,'’]\d+)*")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_SHORTEST_WORD = 4


def sentences(text: str) -> list[Span]:
    """Spans of the sentences, without the white space between them; at least one."""
    ends = [match.start() for match in _END.finditer(text) if not _ABBREVIATED.search(text[: match.start()][-8:])]
    spans = [trimmed(text, *span) for span in pairwise([0, *ends, len(text)])]
    return [span for span in spans if span[0] < span[1]] or [(0, len(text))]


def words(text: str) -> set[str]:
    """All words, in lower case; of scripts without spaces, the characters."""
    found = {word.lower() for word in _WORD.findall(text)}
    return found | set(_UNSPACED.findall(text))


def telling_words(text: str) -> set[str]:
    """The words that are likely to say something: the longer ones, cut to a stem's length so that endings do not
    matter.
    """
    return {word[:5] for word in words(text) if len(word) >= _SHORTEST_WORD or _UNSPACED.match(word)}


def numbers(text: str) -> set[str]:
    """The numbers, without the marks between their digits, which differ by language: 1,903.5 is 19035."""
    return {re.sub(r"\D", "", number) for number in _NUMBER.findall(text)}
