"""Jupyter notebooks: prose, programs and what they printed, in order."""

import json
from collections.abc import Iterator
from typing import Any

from functions.effects.parsing import markdown
from functions.effects.parsing.source import Plan, Source, Stretch
from functions.effects.parsing.text import clean, code, decoded, paragraphs, stretches
from schema.documents import Block
from schema.errors import PermanentError


def read_notebook(source: Source) -> Iterator[Stretch | Plan]:
    """The cells of a notebook."""
    try:
        notebook = json.loads(decoded(source.data))
        cells = notebook.get("cells") or [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
        blocks = [block for cell in cells for block in _cell(cell)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PermanentError(
            "unreadable", "The notebook is damaged. Open it, save it anew and upload it again."
        ) from error
    return stretches(blocks)


def _cell(cell: dict[str, Any]) -> list[Block]:
    text = _joined(cell.get("source", cell.get("input", "")))
    if cell["cell_type"] == "markdown":
        return markdown.blocks(text)
    if cell["cell_type"] == "heading":
        return markdown.blocks("#" * int(cell.get("level", 1)) + " " + text)
    blocks = (code if cell["cell_type"] == "code" else paragraphs)(text) if text.strip() else []
    printed = "\n".join(filter(None, map(_printed, cell.get("outputs", []))))
    return blocks + (code(printed) if printed.strip() else [])


def _printed(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    return _joined(output.get("text") or data.get("text/plain") or "")


def _joined(text: str | list[str]) -> str:
    return clean(text if isinstance(text, str) else "".join(text))
