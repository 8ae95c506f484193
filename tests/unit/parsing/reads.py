"""What readers make of bytes, in this process: for files that mean no harm."""

from functions.effects.parsing.reading import Reading
from functions.effects.parsing.source import Plan, Source
from schema.documents import Block, Part

READING = Reading(None)


def parts(content: bytes, name: str, declared: str | None = None, password: str | None = None) -> list[Part]:
    """All parts of a file."""
    source = Source(name=name, content=content, declared=declared, password=password)
    return [part for part in READING.parts(source) if not isinstance(part, Plan)]


def blocks(content: bytes, name: str, declared: str | None = None) -> list[Block]:
    """All blocks of a file."""
    return [block for part in parts(content, name, declared) for block in part.blocks]


def text(content: bytes, name: str, declared: str | None = None, password: str | None = None) -> str:
    """All text of a file."""
    return "\n".join(block.text for part in parts(content, name, declared, password) for block in part.blocks)
