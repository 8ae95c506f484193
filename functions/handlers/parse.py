"""parse: a document's file or text → passages in rows, written while the file is still being read."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from functions.pipeline.chunk import Cutter
from functions.pipeline.tokens import estimate_tokens
from functions.pipeline.units import Count
from schema.documents import Chunk, Document, Part
from schema.errors import PermanentError
from schema.jobs import Claim
from schema.ports import FileStore, PageLoader, Parser, ParseStore

BATCH_CHUNKS = 200  # passages in one request at most
ENOUGH_CHUNKS = 64  # passages that are worth a request
MAX_FILE_BYTES = 100 * 1024**2


@dataclass(frozen=True)
class ParseHandler:
    """Reads a document and cuts it into passages, whose tokens `count` counts."""

    store: ParseStore
    files: FileStore
    parser: Parser
    pages: PageLoader
    count: Count = estimate_tokens

    async def __call__(self, claim: Claim) -> None:
        """Do one parse job."""
        document = await self.store.start_parse(claim)
        with tempfile.TemporaryDirectory(prefix="rivulet-document-") as folder:
            file = Path(folder, "document")
            mime = await self._load(claim, document, file)
            await self._read(claim, document, file, mime)

    async def _load(self, claim: Claim, document: Document, file: Path) -> str | None:
        """Write what is to be read into a file; return its type by what others say."""
        if document.url is not None:
            return await self.pages.load(claim, document, file, MAX_FILE_BYTES)
        if document.content is not None:
            await asyncio.to_thread(file.write_text, document.content, "utf-8")
            return document.mime
        if document.source == "row":
            raise PermanentError("too_large", "The watched columns of this row hold more than 10 MB of text.")
        if document.bucket is None or document.object_name is None:
            raise PermanentError("no_source", "The document has neither a file nor a text.")
        await self.files.download(document.bucket, document.object_name, file, MAX_FILE_BYTES)
        return document.mime

    async def _read(self, claim: Claim, document: Document, file: Path, mime: str | None) -> None:
        cutter, ready = Cutter(document, self.count), _Ready()
        async with aclosing(self.parser.parse(file, _name(document), mime, document.password)) as parts:
            async for part in parts:
                ready.add(part, cutter.feed(part.blocks, part.languages))
                await self._store(claim, ready, ENOUGH_CHUNKS)
        ready.chunks += cutter.end()
        await self._store(claim, ready, least=1)
        await self.store.complete_parse(claim, ready.last.pages, ready.last.mime or "text/plain", ready.last.partial)

    async def _store(self, claim: Claim, ready: "_Ready", least: int) -> None:
        for batch in ready.take(least):
            await self.store.append_chunks(claim, batch, ready.pages_read)


def _name(document: Document) -> str:
    if document.url is not None:
        return PurePosixPath(urlsplit(document.url).path).name or "page.html"
    return document.object_name or f"{document.title}.md"


@dataclass
class _Ready:
    """Passages that are cut but not stored."""

    chunks: list[Chunk] = field(default_factory=list)
    pages_read: int = 0
    last: Part = field(default_factory=Part)

    def add(self, part: Part, chunks: Sequence[Chunk]) -> None:
        self.chunks += chunks
        self.pages_read = max(self.pages_read, part.pages_read)
        self.last = part

    def take(self, least: int) -> Iterator[Sequence[Chunk]]:
        if len(self.chunks) < least:
            return
        taken, self.chunks = self.chunks, []
        for start in range(0, len(taken), BATCH_CHUNKS):
            yield taken[start : start + BATCH_CHUNKS]
