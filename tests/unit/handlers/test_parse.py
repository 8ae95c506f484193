"""A document is stored while it is read, and its file is gone afterwards whatever happens."""

import asyncio
import tempfile
import uuid
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from functions.handlers.parse import BATCH_CHUNKS, ENOUGH_CHUNKS, ParseHandler
from schema.documents import Block, BlockKind, Chunk, Document, Part
from schema.errors import PermanentError
from schema.jobs import Claim, Queue

CLAIM = Claim(
    id=1, queue=Queue.PARSE, fence=1, attempt=1, tenant_id=uuid.uuid4(), subject_id=uuid.uuid4(), payload={},
    trace_id="trace", waited_ms=0, deadline_seconds=10,
)  # fmt: skip
DOCUMENT = Document(
    id=uuid.uuid4(), library_id=uuid.uuid4(), source="object", bucket="documents", object_name="a/report.pdf",
    title="Report", content=None, mime="application/pdf", bytes=10, version=1, password=SecretStr("seal"),
)  # fmt: skip


class Outside:
    """The database, Storage and a reader, and what they were asked."""

    def __init__(self, document: Document, parts: Sequence[Part | Exception]) -> None:
        self.document = document
        self.parts = parts
        self.happened: list[str] = []
        self.stored: list[Chunk] = []
        self.completed: tuple[int | None, str, str | None] | None = None
        self.file: Path | None = None
        self.asked: tuple[str, str | None, str | None] | None = None

    async def start_parse(self, claim: Claim) -> Document:
        return self.document

    async def append_chunks(self, claim: Claim, chunks: Sequence[Chunk], pages_read: int) -> None:
        assert 0 < len(chunks) <= BATCH_CHUNKS
        self.happened.append(f"stored at page {pages_read}")
        self.stored += chunks

    async def complete_parse(self, claim: Claim, pages: int | None, mime: str, partial: str | None) -> None:
        self.completed = (pages, mime, partial)

    async def download(self, bucket: str, name: str, into: Path, most_bytes: int) -> None:
        assert most_bytes > 0
        await asyncio.to_thread(into.write_bytes, b"bytes of the file")

    async def load(self, claim: Claim, document: Document, into: Path, most_bytes: int) -> str | None:
        raise AssertionError("nothing of this is in the web")

    async def remove(self, bucket: str, names: Sequence[str]) -> None:
        raise AssertionError("reading removes nothing")

    async def parse(
        self, file: Path, name: str, mime: str | None, password: SecretStr | None = None
    ) -> AsyncGenerator[Part, None]:
        self.file = file
        content = await asyncio.to_thread(file.read_text)
        self.asked = (content, name, password.get_secret_value() if password else None)
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            self.happened.append(f"read page {part.pages_read}")
            yield part


def page(number: int, paragraphs: int) -> Part:
    text = " ".join(f"word{number}" for _ in range(170))
    blocks = [Block(kind=BlockKind.PARAGRAPH, text=text, page=number) for _ in range(paragraphs)]
    return Part(blocks=blocks, pages_read=number, languages=["eng"])


async def parse(outside: Outside) -> None:
    await ParseHandler(outside, outside, outside, outside)(CLAIM)


@pytest.mark.anyio
async def test_passages_are_stored_while_the_file_is_still_read() -> None:
    last = Part(pages_read=3, pages=3, mime="application/pdf", partial="Page 2 of 3 could not be read.")
    outside = Outside(DOCUMENT, [page(1, ENOUGH_CHUNKS + 10), page(3, 5), last])
    await parse(outside)
    assert outside.happened[:2] == ["read page 1", "stored at page 1"]
    assert outside.happened[-1] == "stored at page 3"
    assert [chunk.ordinal for chunk in outside.stored] == list(range(len(outside.stored)))
    assert outside.completed == (3, "application/pdf", "Page 2 of 3 could not be read.")
    assert outside.asked == ("bytes of the file", "a/report.pdf", "seal")


@pytest.mark.anyio
async def test_a_long_part_is_stored_in_several_requests() -> None:
    outside = Outside(DOCUMENT, [page(1, 2 * BATCH_CHUNKS + 50), Part(mime="text/plain")])
    await parse(outside)
    assert outside.happened.count("stored at page 1") >= 3


@pytest.mark.anyio
async def test_the_file_is_gone_afterwards_whatever_happens() -> None:
    for end in (Part(mime="text/plain"), PermanentError("crashed", "The file brings its reader down.")):
        outside = Outside(DOCUMENT, [page(1, 1), end])
        if isinstance(end, Part):
            await parse(outside)
        else:
            with pytest.raises(PermanentError):
                await parse(outside)
            assert outside.completed is None
        assert outside.file is not None
        assert not outside.file.parent.exists()
        assert Path(tempfile.gettempdir()) in outside.file.parents


@pytest.mark.anyio
async def test_texts_in_rows_are_read_as_markdown() -> None:
    row = DOCUMENT.model_copy(update={"content": "# Übung", "object_name": None, "bucket": None, "password": None})
    outside = Outside(row, [Part(mime="text/markdown")])
    await parse(outside)
    assert outside.asked == ("# Übung", "Report.md", None)
