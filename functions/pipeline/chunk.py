"""Cuts a document into passages while it is being read: along its structure, within a token budget, with stable ids.

Sizes: infra/decisions/0040-passages.md.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from uuid import UUID, uuid5

from functions.pipeline.language import search_configuration
from functions.pipeline.tokens import estimate_tokens, without_table_rules
from functions.pipeline.units import Count, Unit, units_of
from schema.documents import Block, BlockKind, Chunk, Document

# About 45 tokens of English. No script has more tokens than bytes, by any tokenizer: those who embed cut headers alike,
# without one, and however bad it gets, passages keep a room of about 50 tokens.
HEADER_BYTES = 200
NAMESPACE = UUID("6f1d2f0e-9d7c-5c43-9f0c-0e9b9a8f7b11")
SEPARATOR = "\n\n"
STEP = " › "


@dataclass(frozen=True)
class Sizes:
    """How long passages get, in tokens."""

    budget: int = 210  # a passage is closed before it passes this
    limit: int = 230  # unless a short rest would be left alone
    short: int = 45
    window: int = 254  # a passage with its header stays within this: small embedders read 256 tokens, two are markers


SIZES = Sizes()


@dataclass
class Passage:
    """A passage in the making: units under one heading path."""

    headings: tuple[str, ...]
    language: str
    units: list[Unit] = field(default_factory=list)
    tokens: int = 0

    def add(self, unit: Unit) -> None:
        """Put a unit at the end."""
        self.tokens += self.cost(unit)
        self.units.append(unit)

    def cost(self, unit: Unit) -> int:
        """Tokens that `unit` would add."""
        goes_on = bool(self.units) and self.units[-1].block == unit.block
        return unit.tokens + (0 if goes_on else unit.header_tokens)

    @property
    def text(self) -> str:
        """The units as they stood, blocks apart by blank lines, tables under their headers."""
        blocks = (list(units) for _, units in groupby(self.units, key=lambda unit: unit.block))
        return SEPARATOR.join(_bare(units[0].header + "".join(unit.text for unit in units)) for units in blocks)


class Cutter:
    """Cuts one document. Feed it the blocks in reading order, part by part, and end it."""

    def __init__(self, document: Document, count: Count = estimate_tokens, sizes: Sizes = SIZES) -> None:
        self._document = document
        self._count = count
        self._sizes = sizes
        self._anchors = set(document.anchors)
        self._place = 0  # characters of the document's text so far
        self._blocks = 0
        self._ordinal = 0
        self._headings: list[tuple[int, str]] = []
        self._header_tokens = count(_header(document.title, ()))
        self._lone: list[Unit] = []  # the last heading, as long as nothing stands under it
        self._open = Passage((), "")
        self._held: Passage | None = None  # closed, but a short rest may still join it

    def feed(self, blocks: Iterable[Block], languages: Sequence[str]) -> list[Chunk]:
        """The passages that are complete after these blocks; `languages` are those of this part (ISO 639-3)."""
        language = search_configuration(languages)
        done: list[Chunk] = []
        for block in blocks:
            if not block.text.strip():
                continue
            if block.kind is BlockKind.HEADING:
                done += self._begin_section(block, language)
            else:
                for unit in self._units(block):
                    done += self._take(unit, language)
            self._place += len(block.text) + len(SEPARATOR)
            self._blocks += 1
        return done

    def end(self) -> list[Chunk]:
        """The passages that were still open."""
        return self._end_section(0)

    def _begin_section(self, block: Block, language: str) -> list[Chunk]:
        done = self._end_section(block.level)
        self._headings = [h for h in self._headings if h[0] < block.level] + [(block.level, _one_line(block.text))]
        self._open = Passage(tuple(text for _, text in self._headings), language)
        self._header_tokens = self._count(_header(self._document.title, self._open.headings))
        self._lone = self._units(block)
        return done

    def _end_section(self, next_level: int) -> list[Chunk]:
        done: list[Chunk] = []
        if self._headings and next_level <= self._headings[-1][0] and not self._open.units and self._lone:
            self._open.headings = self._open.headings[:-1]
            for unit in list(self._lone):  # a heading with nothing under it would be found nowhere
                done += self._take(unit, self._open.language)
        return [*done, *self._close(), *self._release()]

    def _units(self, block: Block) -> list[Unit]:
        return list(units_of(block, self._blocks, self._place, self._room(self._sizes.budget), self._count))

    def _take(self, unit: Unit, language: str) -> list[Chunk]:
        done: list[Chunk] = []
        self._lone = []
        if self._open.units and (self._overflows(unit) or self._began_a_passage(unit)):
            done = self._close()
        if not self._open.units:
            self._open = Passage(self._open.headings, language)
        self._open.add(unit)
        return done

    def _overflows(self, unit: Unit) -> bool:
        return self._open.tokens + self._open.cost(unit) > self._room(self._sizes.budget)

    def _began_a_passage(self, unit: Unit) -> bool:
        """In the version that is searched now. Beginning one there again leaves all that follow as they are."""
        found = bool(self._anchors) and _anchor(unit) in self._anchors
        if found:
            self._anchors.discard(_anchor(unit))  # the same text elsewhere is no sign
        return found

    def _close(self) -> list[Chunk]:
        closed, self._open = self._open, Passage(self._open.headings, self._open.language)
        if not closed.units:
            return []
        if self._held and self._joins(closed, self._held):
            for unit in closed.units:
                self._held.add(unit)
            return []
        done = self._release()
        self._held = closed
        return done

    def _joins(self, rest: Passage, before: Passage) -> bool:
        return rest.tokens <= self._sizes.short and before.tokens + rest.tokens <= self._room(self._sizes.limit)

    def _room(self, size: int) -> int:
        return min(size, self._sizes.window - self._header_tokens)

    def _release(self) -> list[Chunk]:
        if self._held is None:
            return []
        passage, self._held = self._held, None
        chunk = _chunk(self._document, self._ordinal, passage)
        self._ordinal += 1
        return [chunk]


def embedding_text(title: str, headings: Sequence[str], text: str) -> str:
    """What is embedded for a passage: it stands in its context, which the passage alone does not tell."""
    return f"{_header(title, headings)}\n{without_table_rules(text)}"


def _header(title: str, headings: Sequence[str]) -> str:
    """Title and headings; of a long one its two ends, which say most."""
    header = STEP.join([title, *headings]).encode()
    if len(header) <= HEADER_BYTES:
        return header.decode()
    half = HEADER_BYTES // 2
    first, last = (end.decode(errors="ignore") for end in (header[:half], header[-half:]))  # without torn characters
    return f"{first} … {last}"


def _chunk(document: Document, ordinal: int, passage: Passage) -> Chunk:
    first, text = passage.units[0], passage.text
    embedded = embedding_text(document.title, passage.headings, text)
    return Chunk(
        id=uuid5(NAMESPACE, f"{document.id}:{document.version}:{ordinal}"),
        ordinal=ordinal,
        text=text,
        tokens=passage.tokens,
        page=first.page,
        char_start=first.start,
        char_end=passage.units[-1].end,
        heading_path=passage.headings,
        content_hash=hashlib.sha256(embedded.encode()).hexdigest(),
        anchor=_anchor(first),
        language=passage.language,
    )


def _anchor(unit: Unit) -> int:
    """What a passage that begins with this unit is known by in the next version: 64 bits of a hash."""
    digest = hashlib.sha256(" ".join(unit.text.split()).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _bare(text: str) -> str:
    """Without white space at the end and blank lines at the beginning; an indentation stays."""
    text = text.rstrip()
    lead = len(text) - len(text.lstrip())
    return text[text.rfind("\n", 0, lead) + 1 :]


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
