"""What a reader gets and what it gives: a source in, stretches of blocks out."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import IO, NamedTuple

from schema.documents import Block
from schema.errors import PermanentError

MAX_UNPACKED_BYTES = 256 * 1024**2  # of all members of all archives in one file, counted as they are unpacked
MAX_MEMBERS = 2_000
MAX_DEPTH = 4  # archives and messages within one another


class Stretch(NamedTuple):
    """Blocks that were read, and how many pages of the document were read by then."""

    blocks: list[Block]
    pages_read: int = 0


class Plan(NamedTuple):
    """How a document with pages is going to be read: `step` pages at once."""

    pages: int
    step: int


@dataclass
class Facts:
    """What becomes known while a file is read, members included."""

    pages: int | None = None
    missing: list[str] = field(default_factory=list)  # a sentence each
    unpacked: int = 0
    members: int = 0


@dataclass(frozen=True)
class Source:
    """A file, or a member of one. `first_page` and `step` say where reading goes on after a reader died."""

    name: str
    declared: str | None = None
    password: str | None = None
    file: Path | None = None
    content: bytes | None = None
    first_page: int = 1
    step: int | None = None
    depth: int = 0
    facts: Facts = field(default_factory=Facts)

    @cached_property
    def data(self) -> bytes:
        """All bytes."""
        if self.content is not None:
            return self.content
        return self.file.read_bytes() if self.file else b""

    @cached_property
    def head(self) -> bytes:
        """The first bytes."""
        if self.file is None:
            return self.data[:65536]
        with self.file.open("rb") as file:
            return file.read(65536)

    def opened(self) -> IO[bytes]:
        """The bytes as a file that can be read in any order."""
        return self.file.open("rb") if self.file else io.BytesIO(self.data)

    def member(self, name: str, content: bytes, declared: str | None = None) -> "Source":
        """A file within this one."""
        return replace(
            self,
            name=name,
            content=content,
            declared=declared,
            file=None,
            first_page=1,
            step=None,
            depth=self.depth + 1,
        )

    def count(self, unpacked: int) -> None:
        """Count bytes that were unpacked; ends the reading of a bomb."""
        self.facts.unpacked += unpacked
        if self.facts.unpacked > MAX_UNPACKED_BYTES:
            raise PermanentError(
                "too_complex",
                f"This file unpacks to more than {MAX_UNPACKED_BYTES >> 20} MB. Upload what is in it in smaller files.",
            )


Reader = Callable[[Source], Iterator[Stretch | Plan]]
