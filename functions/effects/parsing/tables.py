"""Tables as Markdown."""

from collections.abc import Sequence

from schema.documents import Block, BlockKind

MAX_TABLE_CHARACTERS = 400_000


def table_blocks(rows: Sequence[Sequence[str]], page: int | None = None) -> list[Block]:
    """A table as blocks, its first row that says something as the header; very long ones in several with the same."""
    filled = [[_cell(cell) for cell in row] for row in rows]
    filled = [row for row in filled if any(row)]
    if not filled:
        return []
    width = max(map(len, filled))
    lines = [_line(row, width) for row in filled]
    head = [lines[0], "|" + " --- |" * width]
    return [Block(kind=BlockKind.TABLE, text="\n".join([*head, *body]), page=page) for body in _portions(lines[1:])]


def _portions(lines: list[str]) -> list[list[str]]:
    portions: list[list[str]] = [[]]
    size = 0
    for line in lines:
        if size > MAX_TABLE_CHARACTERS:
            portions.append([])
            size = 0
        portions[-1].append(line)
        size += len(line)
    return portions


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _line(row: Sequence[str], width: int) -> str:
    return "| " + " | ".join([*row, *[""] * (width - len(row))]) + " |"
