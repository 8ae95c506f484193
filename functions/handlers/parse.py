"""parse: a document's file or text → passages in rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from functions.pipeline.chunk import Cutter
from schema.documents import Chunk, Document
from schema.errors import PermanentError
from schema.jobs import Claim
from schema.ports import FileStore, Parser, ParseStore

BATCH_CHUNKS = 200  # passages in one request
MAX_FILE_BYTES = 100 * 1024**2


@dataclass(frozen=True)
class ParseHandler:
    """Reads a document and cuts it into passages."""

    store: ParseStore
    files: FileStore
    parser: Parser

    async def __call__(self, claim: Claim) -> None:
        """Do one parse job."""
        document = await self.store.start_parse(claim)
        data = await self._load(document)
        parsed = await self.parser.parse(data, document.object_name or f"{document.title}.md", document.mime)
        cutter = Cutter(document)
        chunks = iter([*cutter.feed(parsed.blocks, parsed.languages), *cutter.end()])
        for batch in _batches(chunks):
            await self.store.append_chunks(claim, batch)
        await self.store.complete_parse(claim, parsed.pages, parsed.mime)

    async def _load(self, document: Document) -> bytes:
        if document.content is not None:
            return document.content.encode()
        if document.source == "row":
            raise PermanentError("too_large", "The watched columns of this row hold more than 10 MB of text.")
        if (document.bytes or 0) > MAX_FILE_BYTES:
            raise PermanentError("too_large", f"Files of more than {MAX_FILE_BYTES // 1024**2} MB are not read.")
        if document.bucket is None or document.object_name is None:
            raise PermanentError("no_source", "The document has neither a file nor a text.")
        return await self.files.download(document.bucket, document.object_name)


def _batches(chunks: Iterator[Chunk]) -> Iterator[Sequence[Chunk]]:
    while batch := list(islice(chunks, BATCH_CHUNKS)):
        yield batch
