"""Text in any encoding, and plain text as blocks."""

import re
from collections.abc import Iterator
from contextlib import suppress

import charset_normalizer

from functions.effects.parsing.source import Plan, Source, Stretch
from schema.documents import Block, BlockKind

SAMPLE_BYTES = 100_000
MAX_BLOCK_CHARACTERS = 200_000
STRETCH_CHARACTERS = 200_000
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"),
         (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))  # fmt: skip
_NAMED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""")
# What no text holds, and PostgreSQL does not store.
_CONTROL = dict.fromkeys([*range(9), 11, *range(14, 32), 127, *range(0xD800, 0xE000)])


def decoded(data: bytes, says_itself: bool = False) -> str:
    """Text in whatever encoding; `says_itself` where its first lines name it, as HTML and XML do."""
    encoding = _encoding(data, says_itself)
    try:
        return clean(data.decode(encoding, "replace"))
    except LookupError:
        return clean(data.decode("utf-8", "replace"))


def _encoding(data: bytes, says_itself: bool) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    if says_itself and (named := _NAMED.search(data[:2048])) and b"\0" not in data[:64]:
        return _as_browsers_do(named[1].decode("ascii"))
    if half := _without_mark(data):
        return half
    with suppress(UnicodeDecodeError):
        data.decode()
        return "utf-8"
    best = charset_normalizer.from_bytes(data[:SAMPLE_BYTES]).best()
    return best.encoding if best else "cp1252"


def _as_browsers_do(name: str) -> str:
    return {"iso-8859-1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030",
            "shift_jis": "cp932", "iso-8859-8-i": "iso-8859-8"}.get(name.lower(), name)  # fmt: skip


def _without_mark(data: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of Western text is zero."""
    sample = data[:4096]
    if len(sample) < 4 or sample.count(0) < len(sample) // 4:
        return None
    return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"


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
