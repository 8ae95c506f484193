"""What kreuzberg says of a document's structure, as blocks in reading order."""

from collections.abc import Iterator
from typing import Any

from functions.effects.parsing.tables import table_blocks
from functions.effects.parsing.text import clean, pieces
from schema.documents import Block, BlockKind


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
