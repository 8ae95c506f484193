"""Documents that kreuzberg reads as a whole: by its Markdown where that says most, by its structure where that does."""

import zipfile
from collections.abc import Iterator
from typing import Any

from functions.effects.parsing import markdown
from functions.effects.parsing.extract import extract, needs_ocr
from functions.effects.parsing.source import MAX_UNPACKED_BYTES, Plan, Reader, Source, Stretch
from functions.effects.parsing.structure import blocks_of
from functions.effects.parsing.text import clean, decoded, paragraphs, stretches
from schema.documents import Block
from schema.errors import PermanentError

MAX_EMPTY_RATIO = 200  # unpacked bytes for one packed; real documents have up to 50


def read_converted(mime: str) -> Reader:
    """A reader of documents whose Markdown says most: Word, OpenDocument, RTF, EPUB."""

    def read(source: Source) -> Iterator[Stretch | Plan]:
        refuse_bomb(source)
        result = extract(source, mime)
        pages = [page for page in result.pages or [] if page.get("content", "").strip()]
        if len(pages) > 1:
            source.facts.pages = source.facts.pages or len(result.pages)
            for page in pages:
                number = page["page_number"]
                yield from stretches(markdown.blocks(clean(page["content"]), number, plain=True), number)
        else:
            yield from stretches(markdown.blocks(clean(result.content), plain=True))

    return read


def read_structured(mime: str) -> Reader:
    """A reader of documents whose structure says most: slides, sheets, data."""

    def read(source: Source) -> Iterator[Stretch | Plan]:
        refuse_bomb(source)
        result = extract(source, mime, structure=True)
        source.facts.pages = source.facts.pages or _page_count(result)
        structure = result.document or {"nodes": []}
        yield from stretches(list(blocks_of(structure["nodes"])) or paragraphs(clean(result.content)))

    return read


def read_html(source: Source) -> Iterator[Stretch | Plan]:
    """Web pages, without what is on every page of a site."""
    result = extract(source, "text/html", decoded(source.data, says_itself=True).encode())
    return stretches(markdown.blocks(clean(result.content), plain=True))


def read_data(mime: str) -> Reader:
    """A reader of data files (JSON, YAML, XML), whose text is still worth finding when they are broken."""

    def read(source: Source) -> Iterator[Stretch | Plan]:
        text = decoded(source.data, says_itself=True)
        try:
            result = extract(source, mime, text.encode(), structure=True)
            blocks: list[Block] = list(blocks_of((result.document or {"nodes": []})["nodes"])) or paragraphs(
                clean(result.content)
            )
        except PermanentError:
            blocks = paragraphs(text)
        return stretches(blocks)

    return read


def read_image(mime: str) -> Reader:
    """A reader of images, by OCR where that is installed."""

    def read(source: Source) -> Iterator[Stretch | Plan]:
        result = extract(source, mime)
        if not result.content.strip():
            raise needs_ocr()
        return stretches(markdown.blocks(clean(result.content), page=1, plain=True))

    return read


def refuse_bomb(source: Source) -> None:
    """Office documents are ZIP archives; one that unpacks to far more than documents do is not opened."""
    if not source.head.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(source.opened()) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return  # the reader will say what is wrong
    unpacked, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > 50_000_000 and unpacked > MAX_EMPTY_RATIO * packed):
        raise PermanentError(
            "too_complex", f"This file unpacks to {unpacked >> 20} MB, which is more than documents do. Save it anew."
        )


def _page_count(result: Any) -> int | None:
    """Slides or sheets; the metadata knows best where it says."""
    known: dict[str, Any] = result.metadata.get("pages") or {}
    return known.get("total_count") or result.get_page_count() or None
