"""Falls a block into units: what is kept whole when a document is cut into passages."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from functions.pipeline.spans import Span
from functions.pipeline.tokens import without_table_rules
from schema.documents import Block, BlockKind

Count = Callable[[str], int]  # tokens of a text

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])|\n+")
_CODE_SEAMS = (re.compile(r"\n(?:[ \t]*\n)+(?=\S)"), re.compile(r"\n(?:[ \t]*\n)+"), re.compile(r"\n"))
_TABLE_RULE = re.compile(r"\|?(?: *:?-+:? *\|)+(?: *:?-+:? *)?")


@dataclass(frozen=True)
class Unit:
    """A paragraph, a sentence of a long one, a row of a table, some lines of code.

    `start` and `end` are characters of the document's text. `block` numbers the block that the unit is of: units of one
    block stand together as they stood there. `header` is what a passage that begins with this unit needs before it: the
    header of its table.
    """

    text: str
    start: int
    end: int
    page: int | None
    block: int
    tokens: int
    header: str = ""
    header_tokens: int = 0


def units_of(block: Block, number: int, start: int, budget: int, count: Count) -> Iterator[Unit]:
    """The units of a block whose text begins at `start`; together they are its text. None is over the budget."""
    tokens = count(without_table_rules(block.text))
    if tokens <= budget:
        yield Unit(block.text, start, start + len(block.text), block.page, number, tokens)
    elif block.kind is BlockKind.TABLE:
        yield from _rows(block, number, start, budget, count)
    else:
        for begin, end in _parts(block, budget, count):
            text = block.text[begin:end]
            yield Unit(text, start + begin, start + end, block.page, number, count(text))


def _parts(block: Block, budget: int, count: Count) -> Iterator[Span]:
    if block.kind is BlockKind.CODE:
        return _torn_last(block.text, (0, len(block.text)), _CODE_SEAMS, budget, count)
    return _torn_last(block.text, (0, len(block.text)), (_SENTENCE_END,), budget, count)


def _torn_last(text: str, span: Span, seams: tuple[re.Pattern[str], ...], budget: int, count: Count) -> Iterator[Span]:
    """Spans within the budget: torn at the first kind of seam, what is too long at the next ones, at last in halves."""
    begin, end = span
    if count(text[begin:end]) <= budget:
        yield span
    elif seams:
        for part in _between(seams[0], text, span):
            yield from _torn_last(text, part, seams[1:], budget, count)
    elif end - begin < 2:
        yield span  # one character that costs more than all there is
    else:
        middle = _white_space_near(text, begin, end)
        yield from _torn_last(text, (begin, middle), (), budget, count)
        yield from _torn_last(text, (middle, end), (), budget, count)


def _between(seam: re.Pattern[str], text: str, span: Span) -> Iterator[Span]:
    places = {span[0], span[1], *(match.end() for match in seam.finditer(text, *span))}
    return pairwise(sorted(places))


def _white_space_near(text: str, begin: int, end: int) -> int:
    """A place to break near the middle: behind white space if there is some in the inner half."""
    middle, quarter = (begin + end) // 2, (end - begin) // 4
    for distance in range(quarter):
        for place in (middle - distance, middle + distance):
            if begin < place < end and text[place - 1].isspace():
                return place
    return middle


def _rows(block: Block, number: int, start: int, budget: int, count: Count) -> Iterator[Unit]:
    """Whole rows, each with the header that it means something under; the first row brings it along."""
    header, rows_begin = _header(block.text)
    header_tokens = count(without_table_rules(header))
    if header_tokens > budget // 2:  # repeated, it would leave no room for rows
        header, header_tokens, rows_begin = "", 0, 0
    lines = _between(_CODE_SEAMS[-1], block.text, (rows_begin, len(block.text)))
    for row in lines:
        for begin, end in _torn_last(block.text, row, (), budget - header_tokens, count):
            first = begin == rows_begin
            text = block.text[0 if first else begin : end]
            yield Unit(
                text=text, start=start + (0 if first else begin), end=start + end, page=block.page, block=number,
                tokens=count(without_table_rules(text)),
                header="" if first else header, header_tokens=0 if first else header_tokens,
            )  # fmt: skip


def _header(table: str) -> tuple[str, int]:
    """The header of a Markdown table with its rule, and where its rows begin."""
    lines = table.split("\n", 2)
    if len(lines) == 3 and _TABLE_RULE.fullmatch(lines[1].strip()):
        return f"{lines[0]}\n{lines[1]}\n", len(lines[0]) + len(lines[1]) + 2
    return "", 0
