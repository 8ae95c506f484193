"""Ties the markers of an answer to verbatim quotes of the passages that the model was given."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from functions.pipeline.spans import Span, trimmed
from schema.answers import REFUSAL, Citation, Passage

_MARKER = re.compile(r"\s*\[(\d{1,3})\]")
# A sentence ends at its mark before white space, at a blank line, or where a row or list item begins. A single line
# break is only how the page was set.
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n(?=\s*\n|[|*•-])")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Cited:
    """An answer whose markers all point at passages that were given; `forged` counts those taken out."""

    content: str
    citations: Sequence[Citation]
    forged: int
    refused: bool


def cite(content: str, passages: Sequence[Passage]) -> Cited:
    """Check the markers of an answer and find the sentence of its passage that each rests on."""
    forged = [int(m[1]) for m in _MARKER.finditer(content) if not 1 <= int(m[1]) <= len(passages)]
    clean = _MARKER.sub(lambda m: m[0] if 1 <= int(m[1]) <= len(passages) else "", content).strip()
    citations = {marker: _quote(marker, claim, passages[marker - 1]) for marker, claim in _claims(clean)}
    return Cited(
        content=clean,
        citations=[citations[marker] for marker in sorted(citations)],
        forged=len(forged),
        refused=REFUSAL in clean and not citations,
    )


def _claims(content: str) -> Iterator[tuple[int, str]]:
    """Each marker with the text it follows, back to the previous marker or sentence; a marker's first use wins."""
    seen: set[int] = set()
    for match in _MARKER.finditer(content):
        marker = int(match[1])
        if marker not in seen:
            seen.add(marker)
            before = _MARKER.sub("", content[: match.start()])
            yield marker, before[slice(*_sentences(before)[-1])]


def _quote(marker: int, claim: str, passage: Passage) -> Citation:
    words = set(_words(claim))
    start, end = max(_sentences(passage.text), key=lambda span: _overlap(words, passage.text[slice(*span)]))
    return Citation(
        marker=marker, chunk_id=passage.chunk_id, quote=passage.text[start:end], char_start=start, char_end=end
    )


def _sentences(text: str) -> list[Span]:
    ends = [match.start() for match in _SENTENCE_END.finditer(text)]
    spans = [trimmed(text, *span) for span in pairwise([0, *ends, len(text)])]
    return [span for span in spans if span[0] < span[1]] or [(0, len(text))]


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _overlap(claim: set[str], sentence: str) -> float:
    """Harmonic mean of how much of the claim the sentence covers, and how much of the sentence the claim."""
    words = set(_words(sentence))
    shared = len(claim & words)
    return 2 * shared / (len(claim) + len(words)) if shared else 0.0
