"""Markdown tables: each row as cells under their headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_RULE = re.compile(r"\|?(?::?-{2,}:?\|)*(?::?-{2,}:?)?")
_NOISE = re.compile(r"<br ?/?>|\*\*|`")
_WIDE, _MOST_CELLS, _LONGEST_CELL = 4, 64, 300
_CELL_BORDER = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Cell:
    """A value and the heading of its column, which may be empty."""

    heading: str
    value: str

    def __str__(self) -> str:
        return f"{self.heading}: {self.value}" if self.heading else self.value


Row = tuple[Cell, ...]


def is_row(line: str) -> bool:
    """Whether a line belongs to a table."""
    return line.lstrip().startswith("|") and line.count("|") > 1


def rows(lines: Sequence[str]) -> list[Row]:
    """The data rows of one table; without a rule under the first line, every line is data and has no headings."""
    rule = next((place for place, line in enumerate(lines) if _is_rule(line)), None)
    headings = _cells(lines[rule - 1]) if rule else []
    data = [line for line in lines[rule + 1 if rule is not None else 0 :] if not _is_rule(line)]
    made = [_row(headings, _cells(line)) for line in data]
    return [row for row in made if row]


def readable(row: Row) -> str:
    """A row as a sentence can quote it."""
    return "; ".join(str(cell) for cell in row)


def narrowed(row: Row, is_named: Callable[[str], bool]) -> Row:
    """Of a wide row the first cell, which names it, and those whose words are asked for; all if none are."""
    if len(row) <= _WIDE:
        return row
    named = [cell for cell in row[1:] if is_named(f"{cell.heading} {cell.value}")]
    return (row[0], *named) if named else row


def _is_rule(line: str) -> bool:
    plain = "".join(line.split())
    return "--" in plain and bool(_RULE.fullmatch(plain))


def _row(headings: list[str], values: list[str]) -> Row:
    named = headings + [""] * (len(values) - len(headings))
    return tuple(Cell(heading, value) for heading, value in zip(named, values, strict=False) if value)


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith(r"\|") else inner
    return [_plain(cell) for cell in _CELL_BORDER.split(inner)[:_MOST_CELLS]]


def _plain(cell: str) -> str:
    return _NOISE.sub(" ", cell.replace(r"\|", "|")).strip()[:_LONGEST_CELL]
