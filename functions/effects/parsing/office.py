"""Documents that kreuzberg reads as a whole: by its Markdown where that says most, by its structure where that does."""

import re
import zipfile
from collections.abc import Iterator
from typing import Any

from functions.effects.parsing import markdown, numbering, ooxml
from functions.effects.parsing.extract import extract, needs_ocr, ocr_is_installed
from functions.effects.parsing.source import MAX_UNPACKED_BYTES, Plan, Reader, Source, Stretch
from functions.effects.parsing.structure import blocks_of, values_together
from functions.effects.parsing.text import clean, decoded, paragraphs, stretches
from schema.documents import Block, BlockKind
from schema.errors import PermanentError

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ANY_TAG = re.compile(r"<(?:script|style)\b.*?</(?:script|style)\s*>|<[^<>]*>", re.IGNORECASE | re.DOTALL)
_HEAD = re.compile(r"<head[\s>].*?</head\s*>", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>\s*([^<]*[^<\s])\s*</title", re.IGNORECASE)
_FIRST_HEADING = re.compile(r"<h1[\s>]", re.IGNORECASE)
MAX_EMPTY_RATIO = 200  # unpacked bytes for one packed; real documents have up to 50


def read_converted(mime: str) -> Reader:
    """A reader of documents whose Markdown says most: old Word, RTF, EPUB."""

    def read(source: Source) -> Iterator[Stretch | Plan]:
        refuse_bomb(source)
        blocks = markdown.blocks(clean(extract(source, mime).content), plain=True)
        yield from stretches(blocks, source.facts.pages or 0)

    return read


def read_word(source: Source) -> Iterator[Stretch | Plan]:
    """A DOCX: its Markdown, and what that leaves out."""
    refuse_bomb(source)
    result = extract(source, WORD, ooxml.spelled_out(source))
    blocks = _by_page(source, result, ooxml.page_count(source))
    with zipfile.ZipFile(source.opened()) as archive:
        text = markdown.without_inline(clean(result.content))
        blocks = [*numbering.numbered(blocks, archive), *ooxml.word_extras(archive, text)]
    yield from stretches(blocks, source.facts.pages or 0)


def _by_page(source: Source, result: Any, count: int | None) -> list[Block]:
    """The blocks, with pages only where there are as many as the document says it has.

    Where Word breaks pages is known from what it once displayed. Kreuzberg adds the breaks that the author made, which
    may be the same ones, and a document may have these alone: a citation would then name a wrong page.
    """
    pages = [text for page in result.pages or [] if (text := clean(page.get("content", ""))).strip()]
    if len(pages) < 2 or len(pages) != count:
        return markdown.blocks(clean(result.content), plain=True)
    if source.depth == 0:
        source.facts.pages = count
    return [block for number, text in enumerate(pages, start=1) for block in markdown.blocks(text, number, plain=True)]


def read_structured(mime: str) -> Reader:
    """A reader of documents whose structure says most: slides, sheets, data."""

    def read(source: Source) -> Iterator[Stretch | Plan]:
        refuse_bomb(source)
        result = extract(source, mime, structure=True)
        source.facts.pages = source.facts.pages or _page_count(result)
        structure = result.document or {"nodes": []}
        yield from stretches(list(blocks_of(structure["nodes"])) or paragraphs(clean(result.content)))
        if mime == SHEETS:
            with zipfile.ZipFile(source.opened()) as archive:
                names = ooxml.parts(archive, r"xl/charts/chart\d*\.xml")
                yield from stretches(list(ooxml.charts(archive, names)))

    return read


def read_html(source: Source) -> Iterator[Stretch | Plan]:
    """Web pages: the text first, then what was taken for menus and the like, for some of it is none."""
    text = decoded(source.data, says_itself=True)
    title = None if _FIRST_HEADING.search(text) else _TITLE.search(text)
    page = _HEAD.sub("", text, count=1)  # or its entries would stand before the text
    content = (f"<h1>{title[1]}</h1>{page}" if title else page).encode()
    main, whole = (
        markdown.blocks(clean(extract(source, "text/html", content, navigation=navigation).content), plain=True)
        for navigation in (False, True)
    )
    seen = {" ".join(block.text.split()) for block in main}
    beside = [block for block in whole if " ".join(block.text.split()) not in seen]
    if beside and main:
        main.append(Block(kind=BlockKind.HEADING, text="Menus", level=1))
    blocks = main + [block for block in beside if block.kind is not BlockKind.HEADING]
    return stretches(blocks or paragraphs(_ANY_TAG.sub(" ", page)))  # nested too deeply to be understood


def read_data(mime: str) -> Reader:
    """A reader of data files (JSON, YAML, XML), whose text is still worth finding when they are broken."""

    def read(source: Source) -> Iterator[Stretch | Plan]:
        text = decoded(source.data, says_itself=True)
        try:
            result = extract(source, mime, text.encode(), structure=True)
            blocks: list[Block] = list(
                values_together(list(blocks_of((result.document or {"nodes": []})["nodes"])))
            ) or paragraphs(clean(result.content))
        except PermanentError:
            blocks = paragraphs(text)
        return stretches(blocks)

    return read


def read_image(mime: str) -> Reader:
    """A reader of images, by OCR where that is installed."""

    def read(source: Source) -> Iterator[Stretch | Plan]:
        if not ocr_is_installed():
            raise needs_ocr()
        result = extract(source, mime)
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
