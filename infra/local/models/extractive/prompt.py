"""Reads the prompt: numbered passages, the question, the turns before it, and the sentence that means refusal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_NUMBER = re.compile(r"[0-9]{1,6}")
_LABEL = re.compile(r"^[ \t]*Question:[ \t]*", re.MULTILINE)
_REFUSAL = re.compile(r"«([^«»]+)»")
_OPEN, _CLOSE, _END = "<passage ", "</passage>", "</passages>"
_LONGEST_QUESTION = 2_000
_MOST_EARLIER = 8

DEFAULT_REFUSAL = "I could not find that in your documents."

Turn = tuple[str, str]
"""A role and a text."""


@dataclass(frozen=True)
class Passage:
    """A numbered passage; `marker` is what stands in the brackets of its citation."""

    marker: str
    title: str
    section: str
    text: str


@dataclass(frozen=True)
class Prompt:
    """What the messages ask."""

    passages: tuple[Passage, ...]
    question: str
    earlier: tuple[str, ...]
    """What the person asked before, oldest first."""
    refusal: str
    has_passages: bool
    """Whether the prompt is of the kind that gives passages, even if it gives none."""


def read(turns: Sequence[Turn]) -> Prompt:
    """The prompt of any conversation; text that has not the expected form is a question without passages."""
    asked = [text for role, text in turns if role == "user"]
    last = asked[-1] if asked else ""
    body, mark, question = last.rpartition(_END)
    return Prompt(
        passages=_passages(body),
        question=_question(question),
        earlier=tuple(_question(text.rpartition(_END)[2]) for text in asked[:-1][-_MOST_EARLIER:]),
        refusal=_refusal([text for role, text in turns if role == "system"]),
        has_passages=bool(mark),
    )


def _passages(body: str) -> tuple[Passage, ...]:
    """Each passage with a number, the first of those that share one."""
    found: dict[str, Passage] = {}
    for piece in body.split(_OPEN)[1:]:
        head, _, rest = piece.partition(">")
        text = rest.partition(_CLOSE)[0]
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(head)}
        marker = attributes.get("id", "")
        if _NUMBER.fullmatch(marker) and marker not in found:
            title, section = attributes.get("title", ""), attributes.get("section", "")
            found[marker] = Passage(marker, title, section, unescape(text).strip())
    return tuple(found.values())


def _question(text: str) -> str:
    label = _LABEL.search(text)
    return text[label.end() if label else 0 :].strip()[:_LONGEST_QUESTION]


def _refusal(systems: Sequence[str]) -> str:
    """The last sentence between « and » of the system text."""
    quoted = [sentence for text in systems for sentence in _REFUSAL.findall(text)]
    return quoted[-1].strip() if quoted else DEFAULT_REFUSAL
