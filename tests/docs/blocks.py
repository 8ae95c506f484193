"""The blocks of commands in the handbook."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

RUN = ("sh", "sql", "python", "js")
ELSEWHERE = ("console", "text")  # needs accounts or machines that are not here; only a picture

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block of a page, and the line that it begins at."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    """All blocks of a page, from top to bottom."""
    whole = page.read_text()
    for match in _BLOCK.finditer(whole):
        yield Block(match[1], match[2], whole.count("\n", 0, match.start()) + 1)
