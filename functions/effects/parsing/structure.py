"""What kreuzberg says of a document's structure, as blocks in reading order."""

from collections.abc import Iterator, Sequence
from typing import Any

from functions.effects.parsing.tables import table_blocks
from functions.effects.parsing.text import clean, pieces
from schema.documents import Block, BlockKind

LONGEST_VALUE = 300  # characters; what is longer deserves its heading


def blocks_of(nodes: list[dict[str, Any]], first_page: int = 1) -> Iterator[Block]:
    """Nodes as blocks; page 1 of them is `first_page`. List items that follow one another stay in one block."""
    items: list[str] = []
    page: int | None = None
    for node in nodes:
        content = node["content"]
        is_item = content["node_type"] == "list_item"
        if not is_item and items:
            yield _paragraph("\n".join(items), page)
            items = []
        page = node["page"] + first_page - 1 if node.get("page") else None
        if is_item:
            items.append(f"- {clean(content['text'])}")
        else:
            yield from _blocks(content, page)
    if items:
        yield _paragraph("\n".join(items), page)


def values_together(blocks: Sequence[Block]) -> Iterator[Block]:
    """Data with its values as lines under the heading that they are of, which each had as a heading of its own.

    A passage never goes beyond a heading, so every value would be one, apart from what it is a value of.
    """
    lines: list[str] = []
    level, place = 0, 0
    while place < len(blocks):
        block, is_value = blocks[place], _is_value(blocks, place, level)
        if is_value:
            lines.append(f"{block.text}: {blocks[place + 1].text}")
        elif lines:
            yield _paragraph("\n".join(lines), None)
            lines = []
        if not is_value:
            yield block
            level = block.level or level
        place += 2 if is_value else 1
    if lines:
        yield _paragraph("\n".join(lines), None)


def _is_value(blocks: Sequence[Block], place: int, level: int) -> bool:
    """Whether a heading right under that of `level` has one short paragraph and nothing else."""
    name, value = blocks[place], blocks[place + 1] if place + 1 < len(blocks) else None
    if name.kind is not BlockKind.HEADING or name.level != level + 1 or value is None:
        return False
    after = blocks[place + 2] if place + 2 < len(blocks) else None
    alone = after is None or (after.kind is BlockKind.HEADING and after.level <= name.level)
    return alone and value.kind is BlockKind.PARAGRAPH and len(value.text) <= LONGEST_VALUE


def _blocks(content: dict[str, Any], page: int | None) -> Iterator[Block]:
    text = clean(content.get("text") or content.get("description") or "")
    match content["node_type"]:
        case "heading" if not text.rstrip().endswith("."):  # a sentence in large type is no heading
            yield Block(kind=BlockKind.HEADING, text=text, level=content["level"], page=page)
        case "slide":
            yield Block(kind=BlockKind.HEADING, text=clean(content.get("title") or ""), level=1, page=page)
        case "table":
            yield from table_blocks(_rows(content["grid"]), page)
        case "code":
            yield Block(kind=BlockKind.CODE, text=text, page=page)
        case "metadata_block":
            yield _paragraph(clean("\n".join(f"{key}: {value}" for key, value in content["entries"])), page)
        case "group":
            return  # its heading follows as a node of its own
        case _:
            yield from (_paragraph(piece, page) for piece in pieces(text) if piece)


def _paragraph(text: str, page: int | None) -> Block:
    return Block(kind=BlockKind.PARAGRAPH, text=text, page=page)


def _rows(grid: dict[str, Any]) -> list[list[str]]:
    rows = [[""] * grid["cols"] for _ in range(grid["rows"])]
    for cell in grid["cells"]:
        rows[cell["row"]][cell["col"]] = clean(cell["content"])
    return rows
