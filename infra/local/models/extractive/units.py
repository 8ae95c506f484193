"""Passages → the units an answer can quote: sentences, list items, table rows, labelled lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from infra.local.models.extractive import sentences, tables
from infra.local.models.extractive.prompt import Passage
from infra.local.models.extractive.tables import Row

_HEADING = re.compile(r"\s{0,3}#{1,6}\s.*")
_ITEM = re.compile(r"\s*(?:[-*+•‣–]|\d{1,3}[.)]|[a-z][.)])\s+(.*)")
_LABELLED = re.compile(r"\s*[\w][\w /().-]{0,40}:\s+\S.*")
_REPLY = re.compile(r"^\s*(?:>\s?)+")
"""What mail puts before the lines it answers."""
_FENCE = re.compile(r"\s*(```|~~~)")
_EMPHASIS = re.compile(r"\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|`")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?: \"[^\"()]*\")?\)")
_MARKER = re.compile(r" ?\[\^?\d+(?: ?[,–-] ?\d+)*\]")


@dataclass(frozen=True)
class Unit:
    """Something an answer can quote; `heading` is the nearest one above it in its passage, `row` has a row's cells."""

    passage: int
    place: int
    text: str
    heading: str
    row: Row = ()
    is_item: bool = False


def units(passages: tuple[Passage, ...]) -> list[Unit]:
    """Every unit of every passage, in reading order; `passage` and `place` count from 0."""
    made: list[Unit] = []
    for number, passage in enumerate(passages):
        quotable = [parts for parts in _units(passage.text) if any(map(str.isalnum, parts[0]))]
        made.extend(Unit(number, place, *parts) for place, parts in enumerate(quotable))
    return made


def _units(text: str) -> Iterator[tuple[str, str, Row, bool]]:
    heading = ""
    for kind, lines in _blocks([_REPLY.sub("", line) for line in text.splitlines()]):
        if kind == "heading":
            heading = _clean(lines[0].strip(" \t#"))
        elif kind == "table":
            for row in tables.rows(lines):
                yield _clean(tables.readable(row)), heading, row, False
        else:
            for sentence in sentences.split(_clean(" ".join(lines))):
                yield sentence, heading, (), kind == "item"


def _blocks(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Lines that belong together: a table, a paragraph, a list item or a labelled line with what continues it."""
    blocks: list[tuple[str, list[str]]] = []
    kinds = [_kind(line) for line in lines]
    for place, (kind, line) in enumerate(zip(kinds, lines, strict=True)):
        if kind == "label" and "label" not in kinds[max(0, place - 1) : place] + kinds[place + 1 : place + 2]:
            kind = "text"  # a label alone is a sentence with a colon in it
        last = blocks[-1][0] if blocks else "blank"
        continues = (kind == "table" == last) or (kind == "text" and last in ("text", "item", "label"))
        if continues:
            blocks[-1][1].append(line)
        else:
            blocks.append((kind, [_ITEM.sub(r"\1", line) if kind == "item" else line]))
    return [block for block in blocks if block[0] != "blank"]


def _kind(line: str) -> str:
    if not line.strip() or _FENCE.match(line):
        return "blank"
    if tables.is_row(line):
        return "table"
    for kind, form in (("heading", _HEADING), ("item", _ITEM), ("label", _LABELLED)):
        if form.fullmatch(line):
            return kind
    return "text"


def without_markers(text: str) -> str:
    """Without bracketed numbers, which would pass for citations of the answer's own, even those that removal makes."""
    while (shorter := _MARKER.sub("", text)) != text:
        text = shorter
    return text


def _clean(text: str) -> str:
    """In one line, without Markdown's signs and without references."""
    return _MARKER.sub("", _EMPHASIS.sub("", _LINK.sub(r"\1", " ".join(text.split())))).strip()
