"""Documents on their way from a file to searchable passages."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SecretStr

from schema.places import Place
from schema.web import Validators


class Document(BaseModel):
    """The row of a document, as far as its handlers need it. `bytes` is the file's size."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    library_id: UUID
    source: str
    bucket: str | None
    object_name: str | None
    title: str
    content: str | None
    mime: str | None
    bytes: int | None
    version: int
    url: str | None = None
    fetched: Validators | None = None  # what was fetched for the version that is searched now
    anchors: frozenset[int] = frozenset()  # of the passages of the version that is searched now
    password: SecretStr | None = None  # that its file opens with, as handed in for this reading; stored nowhere


class BlockKind(StrEnum):
    """What a block of a parsed document is, as far as cutting it into passages cares."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    TABLE = "table"  # Markdown, header row first
    CODE = "code"


class Block(BaseModel):
    """One piece of a document in reading order. `level` is a heading's depth, `page` counts from 1 where known."""

    model_config = ConfigDict(frozen=True)

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None


class Part(BaseModel):
    """A stretch of a document as it is being read, in reading order; the parts of a document together are its text.

    `pages_read` counts the pages read so far (0 where the format has none), `languages` are ISO 639-3 codes of this
    stretch, most used first. The last part alone carries `mime` (the type seen in the content), `pages` (how many there
    are, where the format has pages) and `partial`: a sentence that says what is missing and why, or None.
    """

    model_config = ConfigDict(frozen=True)

    blocks: Sequence[Block] = ()
    pages_read: int = 0
    languages: Sequence[str] = ()
    mime: str | None = None
    pages: int | None = None
    partial: str | None = None


class Chunk(BaseModel):
    """A passage: what is searched, shown and cited.

    `char_start` and `char_end` span the document's text (its blocks, joined by blank lines), in characters.
    `content_hash` is of all that is embedded, `anchor` of how the passage begins: by these the next version knows what
    did not change. `language` is the name of a PostgreSQL text search configuration.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    ordinal: int
    text: str
    tokens: int
    page: int | None
    char_start: int
    char_end: int
    heading_path: Sequence[str]
    content_hash: str
    anchor: int
    language: str


class EmbedBatch(BaseModel):
    """Passages of one document to be embedded together, and where to: two places while their library moves.

    The first one answers searches now.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str
    places: Sequence[Place]
    chunks: Sequence["StoredChunk"]


class StoredChunk(Chunk):
    """A passage as its row holds it. `copy_of` is a passage of an earlier version whose vector is this one's too."""

    document_id: UUID
    library_id: UUID
    version: int
    copy_of: UUID | None = None
