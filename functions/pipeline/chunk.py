"""Cuts a parsed document into passages: along its structure, within a token budget, with stable ids."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from functions.pipeline.language import search_configuration
from functions.pipeline.spans import Span, trimmed
from functions.pipeline.tokens import estimate_tokens, without_table_rules
from schema.documents import Block, BlockKind, Chunk, Document, Parsed

BUDGET_TOKENS = 180  # leaves room for the title and headings within the 256 tokens that small embedders read
NAMESPACE = UUID("6f1d2f0e-9d7c-5c43-9f0c-0e9b9a8f7b11")
SEPARATOR = "\n\n"

_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")


@dataclass(frozen=True)
class Piece:
    """A stretch of one block that fits the budget; `start` and `end` are characters of the document's text."""

    text: str
    start: int
    end: int
    page: int | None
    tokens: int


@dataclass
class Passage:
    """A passage in the making: pieces under one heading path."""

    headings: tuple[str, ...]
    pieces: list[Piece] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        """Tokens so far."""
        return sum(piece.tokens for piece in self.pieces)

    def fits(self, piece: Piece) -> bool:
        """Whether the budget leaves room for `piece`."""
        return self.tokens + piece.tokens <= BUDGET_TOKENS


def cut(document: Document, parsed: Parsed) -> Iterator[Chunk]:
    """The passages of a document, in reading order. Text-free documents give none."""
    language = search_configuration(parsed.languages)
    for ordinal, passage in enumerate(_passages(parsed.blocks)):
        text = SEPARATOR.join(piece.text for piece in passage.pieces)
        yield Chunk(
            id=uuid5(NAMESPACE, f"{document.id}:{document.version}:{ordinal}"),
            ordinal=ordinal,
            text=text,
            tokens=passage.tokens,
            page=passage.pieces[0].page,
            char_start=passage.pieces[0].start,
            char_end=passage.pieces[-1].end,
            heading_path=passage.headings,
            content_hash=hashlib.sha256(text.encode()).hexdigest(),
            language=language,
        )


def embedding_text(title: str, chunk: Chunk) -> str:
    """What is embedded for a passage: it stands in its context, which the passage alone does not tell."""
    return "\n".join([" › ".join([title, *chunk.heading_path]), without_table_rules(chunk.text)])


def _passages(blocks: Iterable[Block]) -> Iterator[Passage]:
    headings: list[tuple[int, str]] = []
    current = Passage(())
    for block, start in _placed(blocks):
        if block.kind is BlockKind.HEADING:
            headings = [*(h for h in headings if h[0] < block.level), (block.level, _one_line(block.text))]
            if current.pieces:
                yield current
            current = Passage(tuple(text for _, text in headings))
            continue
        for piece in _pieces(block, start):
            if current.pieces and not current.fits(piece):
                yield current
                current = Passage(current.headings)
            current.pieces.append(piece)
    if current.pieces:
        yield current


def _placed(blocks: Iterable[Block]) -> Iterator[tuple[Block, int]]:
    """Each block that has text, with its first character's place in the document's text."""
    start = 0
    for block in blocks:
        if block.text.strip():
            yield block, start
            start += len(block.text) + len(SEPARATOR)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]


def _pieces(block: Block, start: int) -> Iterator[Piece]:
    if block.kind is BlockKind.TABLE:
        return _table_pieces(block, start)
    return _text_pieces(block, start)


def _text_pieces(block: Block, start: int) -> Iterator[Piece]:
    """The block itself if it fits, else runs of its sentences, or of its words where a sentence alone is too long."""
    for begin, end in _runs(block.text, list(_spans(block.text))):
        text = block.text[begin:end]
        yield Piece(text, start + begin, start + end, block.page, estimate_tokens(text))


def _spans(text: str) -> Iterator[Span]:
    """Spans of sentences; a sentence over the budget falls into spans of words."""
    begin = 0
    ends = [*(match.start() for match in _SENTENCE_END.finditer(text)), len(text)]
    for end in ends:
        if text[begin:end].strip():
            yield from _within_budget(text, begin, end)
        begin = end


def _within_budget(text: str, begin: int, end: int) -> Iterator[Span]:
    if estimate_tokens(text[begin:end]) <= BUDGET_TOKENS:
        yield begin, end
        return
    for match in re.finditer(r"\s*\S{1,200}", text[begin:end]):
        yield begin + match.start(), begin + match.end()


def _runs(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Joins neighbouring spans as long as they stay within the budget; trims white space at both ends."""
    begin, end, tokens = 0, 0, 0
    for span_begin, span_end in spans:
        cost = estimate_tokens(text[span_begin:span_end])
        if tokens and tokens + cost > BUDGET_TOKENS:
            yield trimmed(text, begin, end)
            begin, tokens = span_begin, 0
        end = span_end
        tokens += cost
    if tokens:
        yield trimmed(text, begin, end)


def _table_pieces(block: Block, start: int) -> Iterator[Piece]:
    """Runs of whole rows. Each run repeats the header, without which its cells mean nothing."""
    lines = block.text.splitlines(keepends=True)
    header, rows = "".join(lines[:2]), lines[2:]
    if estimate_tokens(header) > BUDGET_TOKENS // 2 or not rows:
        yield from _text_pieces(block, start)
        return
    place, run = len(header), ""
    for row in rows:
        if run and estimate_tokens(header + run + row) > BUDGET_TOKENS:
            yield _table_piece(block, start, header, run, place)
            run = ""
        run += row
        place += len(row)
    yield _table_piece(block, start, header, run, place)


def _table_piece(block: Block, start: int, header: str, run: str, place: int) -> Piece:
    text = (header + run).rstrip()
    return Piece(text, start + place - len(run), start + place, block.page, estimate_tokens(text))
