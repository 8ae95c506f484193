"""Files within files: each is read under its name, and one that cannot be read is no reason to lose the others."""

import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

from functions.effects.parsing.source import MAX_MEMBERS, Plan, Reader, Source, Stretch
from schema.documents import Block, BlockKind
from schema.errors import PermanentError

_SHOWN_NAME = 200
_ENDS_ALL = {"too_complex"}


def read_member(source: Source, read: Reader) -> Iterator[Stretch]:
    """A member's blocks under a heading with its name. What is wrong with it is noted as missing."""
    source.facts.members += 1
    if source.facts.members > MAX_MEMBERS:
        raise PermanentError("too_complex", f"There are more than {MAX_MEMBERS:,} files in this one.")
    name = shown(source.name)
    title: list[Block] = [Block(kind=BlockKind.HEADING, text=name, level=source.depth)]
    try:
        for stretch in read(source):
            if isinstance(stretch, Plan):
                continue
            yield Stretch(title + [_deeper(block, source.depth) for block in stretch.blocks])
            title = []
    except PermanentError as error:
        if error.code in _ENDS_ALL:
            raise
        source.facts.missing.append(f"{name} is missing: {error.message}")


def shown(name: str) -> str:
    """A member's name as a person may see it: no way up, nothing invisible."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in {"/", "..", "."}]
    text = "/".join(parts)
    return "".join(c for c in text if unicodedata.category(c)[0] != "C")[-_SHOWN_NAME:] or "unnamed"


def _deeper(block: Block, levels: int) -> Block:
    if block.kind is not BlockKind.HEADING:
        return block
    return block.model_copy(update={"level": block.level + levels})
