"""Text in any encoding, and plain text as blocks."""

import re
from collections.abc import Iterator

from functions.effects.parsing.encoding import encoding_of
from functions.effects.parsing.source import Plan, Source, Stretch
from schema.documents import Block, BlockKind

MAX_BLOCK_CHARACTERS = 200_000
STRETCH_CHARACTERS = 200_000
# What no text holds, and PostgreSQL does not store.
_CONTROL = dict.fromkeys([*range(9), 11, *range(14, 32), 127, *range(0xD800, 0xE000)])


def decoded(data: bytes, says_itself: bool = False) -> str:
    """Text in whatever encoding; `says_itself` where its first lines name it, as HTML and XML do."""
    return clean(data.decode(encoding_of(data, says_itself), "replace"))


def clean(text: str) -> str:
    """Text that a database can store: no control characters but white space, one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROL)


def paragraphs(text: str, page: int | None = None) -> list[Block]:
    """Stretches between blank lines."""
    return [
        Block(kind=BlockKind.PARAGRAPH, text=piece, page=page)
        for paragraph in re.split(r"\n[ \t]*\n+", text)
        if paragraph.strip()
        for piece in pieces(paragraph.strip("\n"))
    ]


def code(text: str) -> list[Block]:
    """Text whose line breaks and indents mean something."""
    return [Block(kind=BlockKind.CODE, text=piece) for piece in pieces(text.strip("\n"))]


def pieces(text: str) -> Iterator[str]:
    """The text, cut behind white space where it is too long for one block."""
    while len(text) > MAX_BLOCK_CHARACTERS:
        cut = max(text.rfind(space, 0, MAX_BLOCK_CHARACTERS) for space in "\n ") + 1
        yield text[: cut or MAX_BLOCK_CHARACTERS]
        text = text[cut or MAX_BLOCK_CHARACTERS :]
    yield text


def stretches(blocks: list[Block], pages_read: int = 0) -> Iterator[Stretch]:
    """Blocks in portions that are worth a message."""
    portion: list[Block] = []
    size = 0
    for block in blocks:
        portion.append(block)
        size += len(block.text)
        if size >= STRETCH_CHARACTERS:
            yield Stretch(portion, pages_read)
            portion, size = [], 0
    if portion:
        yield Stretch(portion, pages_read)


def read_plain(source: Source) -> Iterator[Stretch | Plan]:
    """Plain text."""
    return stretches(paragraphs(decoded(source.data)))
