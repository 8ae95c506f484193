"""PDF: some pages at a time, so that a file of thousands never sits in memory, and a bad page costs itself alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from functions.effects.parsing.extract import extract, needs_ocr, ocr_is_installed
from functions.effects.parsing.pdfium import Document, Library
from functions.effects.parsing.source import Plan, Reader, Source, Stretch
from functions.effects.parsing.structure import blocks_of
from functions.effects.parsing.text import clean, paragraphs, stretches
from schema.documents import Block, BlockKind
from schema.errors import PermanentError

STEP_PAGES = 40
MIME = "application/pdf"
_PROSE_ROWS, _PROSE_WORDS = 8, 10  # rows at least, words in a row on average
_DAMAGED = PermanentError(
    "unreadable", "None of the pages of this file can be read. Open it, save it anew and upload it again."
)
_BLANK = PermanentError("no_text", "The pages of this file are blank.")
ENOUGH = 0.9  # of the words of a page that its structure must hold, or the page's plain text is taken


def pdf_reader(library: Library | None) -> Reader:
    """Reads PDF files; without the library each as a whole."""

    def read(source: Source) -> Iterator[Stretch | Plan]:
        if library is None:
            return _whole(source)
        return _in_ranges(source, library)

    return read


def _in_ranges(source: Source, library: Library) -> Iterator[Stretch | Plan]:
    with library.opened(source) as document:
        if document is None or document.pages < 1:
            yield from _whole(source)
            return
        if source.depth == 0:
            source.facts.pages = document.pages
        # A scanned page takes seconds: each is told of, and saved, by itself.
        step = source.step or (1 if ocr_is_installed() and document.scanned else STEP_PAGES)
        yield Plan(document.pages, step)
        found = False
        for first in range(source.first_page, document.pages + 1, step):
            last = min(first + step - 1, document.pages)
            blocks = _range(source, document, first, last)
            found = found or bool(blocks)
            yield from stretches(blocks, last) if blocks else [Stretch([], last)]
        if not found and source.first_page == 1:
            raise _DAMAGED if source.facts.missing else _BLANK if document.blank else _textless()


def _range(source: Source, document: Document, first: int, last: int) -> list[Block]:
    """The blocks of some pages. Where they cannot be read together, those of each half; a page alone is missing."""
    whole = first == 1 and last == document.pages and not document.encrypted and not document.form
    try:
        content = None if whole else document.taken_out(first, last)
        blocks = _blocks(extract(source, MIME, content, structure=True, images=False), first)
    except PermanentError:
        if first == last:
            return _missing(source, document, first)
        middle = (first + last) // 2
        return [*_range(source, document, first, middle), *_range(source, document, middle + 1, last)]
    return _with_scans(source, document, blocks, range(first, last + 1)) if ocr_is_installed() else blocks


def _with_scans(source: Source, document: Document, blocks: list[Block], pages: range) -> list[Block]:
    """The blocks, and what is recognised on pages that have none: one at a time, or no page would know its number."""
    read = {block.page for block in blocks}
    if None in read:
        return blocks
    images = (page for page in pages if page not in read and not document.is_blank(page))
    scans = [block for page in images for block in _scan(source, document, page)]
    return sorted([*blocks, *scans], key=lambda block: block.page or 0)


def _scan(source: Source, document: Document, page: int) -> list[Block]:
    try:
        result = extract(source, MIME, document.taken_out(page, page), structure=True)
    except PermanentError:
        return _missing(source, document, page)
    return [block.model_copy(update={"page": page}) for block in _blocks(result, page)]


def _missing(source: Source, document: Document, page: int) -> list[Block]:
    source.facts.missing.append(f"Page {page} of {document.pages} could not be read.")
    return []


def _whole(source: Source) -> Iterator[Stretch | Plan]:
    result = extract(source, MIME, structure=True)
    if source.depth == 0:
        source.facts.pages = result.get_page_count() or None
    blocks = _blocks(result, 1)
    if not blocks:
        raise _textless()
    yield from stretches(blocks, source.facts.pages or 0)


def _textless() -> PermanentError:
    if ocr_is_installed():
        return PermanentError("no_text", "No text was found in this file, nor could any be recognised in its images.")
    return needs_ocr()


def _blocks(result: Any, first_page: int) -> list[Block]:
    """The structure's blocks, page by page; of a page that the structure lost much of, its plain text."""
    structure = result.document or {"nodes": []}
    by_page: dict[int | None, list[Block]] = {}
    for page, blocks in groupby(
        map(_no_table, blocks_of(structure["nodes"], first_page)), key=lambda block: block.page
    ):
        by_page.setdefault(page, []).extend(blocks)
    plain = {page["page_number"] + first_page - 1: clean(page["content"]) for page in result.pages or []}
    if not by_page and not plain:
        return paragraphs(clean(result.content))
    return list(_fuller(by_page, plain))


def _fuller(by_page: Mapping[int | None, Sequence[Block]], plain: Mapping[int, str]) -> Iterator[Block]:
    pageless = by_page.get(None, [])
    if ENOUGH * _words_of(pageless) > sum(map(_words, plain.values())):  # recognised in an image
        yield from pageless
        return
    for page in sorted({*plain, *(page for page in by_page if page is not None)}):
        blocks, text = by_page.get(page, []), plain.get(page, "")
        yield from paragraphs(text, page) if _words_of(blocks) < ENOUGH * _words(text) else blocks


def _no_table(block: Block) -> Block:
    """Lines of prose that happen to stand in columns are taken for tables; their cells begin within sentences."""
    if block.kind is not BlockKind.TABLE:
        return block
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in block.text.split("\n")]
    rows = [row for number, row in enumerate(rows) if number != 1]
    torn = sum(any(map(_goes_on, row, row[1:])) for row in rows)
    if len(rows) < _PROSE_ROWS or torn < len(rows) / 2 or _words(block.text) < _PROSE_WORDS * len(rows):
        return block
    text = "\n".join(" ".join(filter(None, row)) for row in rows)
    return Block(kind=BlockKind.PARAGRAPH, text=text, page=block.page)


def _goes_on(cell: str, following: str) -> bool:
    return cell[-1:].isalpha() and following[:1].islower()


def _words(text: str) -> int:
    return len(re.findall(r"\w+", text))


def _words_of(blocks: Sequence[Block]) -> int:
    return sum(_words(block.text) for block in blocks)


def library_in(folder: Path) -> Library | None:
    """The library, where kreuzberg has unpacked one."""
    try:
        return Library(folder)
    except (OSError, AttributeError):
        return None
