"""Ties the markers of an answer to verbatim quotes of the passages that the model was given, and says what has no
support.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from functions.pipeline.sentences import numbers, sentences, telling_words, words
from functions.pipeline.spans import Span
from schema.answers import REFUSAL, Citation, Doubt, DoubtReason, Passage

_MARKER = re.compile(r"\s*\[(\d{1,3})\]")
# Not a statement, so it needs no support: a heading, a line that only announces a list, a table's rule or header.
_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+")
_NO_STATEMENT = re.compile(r"[^\w]*|#.*|.*:|\|[\s|:-]*\|?")


@dataclass(frozen=True)
class Cited:
    """What an answer rests on. `doubts` are its sentences without support, by their span in the answer's characters."""

    citations: Sequence[Citation]
    doubts: Sequence[Doubt]
    refused: bool


def cite(content: str, passages: Sequence[Passage]) -> Cited:
    """Find what of its passage each marker rests on. All markers must point at a passage."""
    claims: dict[int, list[str]] = {}
    for marker, claim in _claims(content):
        claims.setdefault(marker, []).append(claim)
    citations = [_quote(marker, claims[marker], passages[marker - 1]) for marker in sorted(claims)]
    refused = REFUSAL in content and not citations
    return Cited(citations=citations, doubts=[] if refused else list(_doubts(content, passages)), refused=refused)


def _claims(content: str) -> Iterator[tuple[int, str]]:
    """Each marker with the text it follows, back to the previous marker or sentence."""
    for match in _MARKER.finditer(content):
        before = _MARKER.sub("", content[: match.start()])
        yield int(match[1]), before[slice(*sentences(before)[-1])]


def _quote(marker: int, claims: Sequence[str], passage: Passage) -> Citation:
    """From the first to the last sentence that a claim rests on: one quote shows what all uses of a marker say."""
    spans = sentences(passage.text)
    chosen = [span for claim in claims if (span := _sentence(words(claim), passage.text, spans))] or spans[:1]
    start, end = min(chosen)[0], max(chosen)[1]
    return Citation(
        marker=marker, chunk_id=passage.chunk_id, quote=passage.text[start:end], char_start=start, char_end=end
    )


def _sentence(claim: set[str], text: str, spans: Sequence[Span]) -> Span | None:
    """The one that says most of the claim; None if no sentence has a word of it."""
    span = max(spans, key=lambda span: _overlap(claim, text[slice(*span)]))
    return span if _overlap(claim, text[slice(*span)]) else None


def _overlap(claim: set[str], sentence: str) -> float:
    """Harmonic mean of how much of the claim the sentence covers, and how much of the sentence the claim."""
    found = words(sentence)
    shared = len(claim & found)
    return 2 * shared / (len(claim) + len(found)) if shared else 0.0


def _doubts(content: str, passages: Sequence[Passage]) -> Iterator[Doubt]:
    """The statements that no passage is named for, or whose passages do not speak of what they say."""
    for start, end in _statements(content):
        text = content[start:end]
        cited = [passages[int(match[1]) - 1] for match in _MARKER.finditer(text)]
        reason = _reason(_MARKER.sub("", text), cited)
        if reason is not None:
            yield Doubt(start=start, end=end, reason=reason)


def _statements(content: str) -> Iterator[Span]:
    """Sentences that state something. A marker behind a sentence's full stop belongs to that sentence."""
    for start, end in _with_their_markers(content):
        if not _NO_STATEMENT.fullmatch(_MARKER.sub("", content[start:end]).strip()):
            yield start, end


def _with_their_markers(content: str) -> list[Span]:
    spans: list[Span] = []
    for start, end in sentences(content):
        leading = re.match(r"(?:\s*\[\d{1,3}\])+", content[start:end])
        if leading and spans:
            spans[-1] = (spans[-1][0], start + leading.end())
            start += leading.end()
        if start < end:
            spans.append((start, end))
    return spans


def _reason(statement: str, cited: Sequence[Passage]) -> DoubtReason | None:
    statement = _ITEM.sub("", statement)
    if not cited:
        return "uncited"
    given = " ".join(text for passage in cited for text in (passage.title, *passage.heading_path, passage.text))
    if not numbers(statement) <= numbers(given):
        return "number"  # a figure that is in none of the passages named for it
    said = telling_words(statement)
    if said and not said & telling_words(given) and not numbers(statement):
        return "unrelated"
    return None
