"""OpenDocument texts and presentations (ODT, ODP).

Element names: OASIS Open Document Format for Office Applications 1.3, part 3.
"""

import zipfile
from collections.abc import Iterator

from functions.effects.parsing import xml
from functions.effects.parsing.archive import STRANGE_LOCK
from functions.effects.parsing.office import refuse_bomb
from functions.effects.parsing.source import Plan, Source, Stretch
from functions.effects.parsing.tables import table_blocks
from functions.effects.parsing.text import clean, stretches
from functions.effects.parsing.xml import Element
from schema.documents import Block, BlockKind
from schema.errors import PermanentError

_HIDDEN = {"tracked-changes", "forms", "sequence-decls", "variable-decls", "user-field-decls"}
_MAX_SPACES = 100


def read_open_document(source: Source) -> Iterator[Stretch | Plan]:
    """The text in reading order; slides are pages, and their notes are told apart."""
    refuse_bomb(source)
    body = _body(source)
    slides = list(body.iter("page"))
    if source.depth == 0 and slides:
        source.facts.pages = len(slides)
    if not slides:
        yield from stretches(list(_blocks(body, None)))
    for number, slide in enumerate(slides, start=1):
        title = [Block(kind=BlockKind.HEADING, text=_slide_title(slide, number), level=1, page=number)]
        yield Stretch(title + list(_blocks(slide, number)), number)


def _body(source: Source) -> Element:
    try:
        with zipfile.ZipFile(source.opened()) as archive:
            content, manifest = archive.read("content.xml"), xml.part(archive, "META-INF/manifest.xml")
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, EOFError) as error:
        raise PermanentError("unreadable", "The document is damaged. Save it anew and upload it again.") from error
    if manifest is not None and next(manifest.iter("encryption-data"), None) is not None:
        raise STRANGE_LOCK
    body = xml.tree(content).find(".//body")
    if body is None:
        raise PermanentError("unreadable", "The document has no body. Save it anew and upload it again.")
    return body


def _slide_title(slide: Element, number: int) -> str:
    for frame in slide.iter("frame"):
        if frame.get("class") == "title" and (text := " ".join(_text(frame).split())):
            return text
    return f"Slide {number}"


def _blocks(element: Element, page: int | None) -> Iterator[Block]:
    for child in element:
        match child.tag:
            case "h":
                level = int(child.get("outline-level", "1"))
                yield Block(kind=BlockKind.HEADING, text=_text(child), level=level, page=page)
            case "p":
                yield from _paragraph(_text(child), page)
            case "list":
                yield from _paragraph("\n".join(_items(child, 0)), page)
            case "table":
                rows = [[_text(cell) for cell in row if cell.tag == "table-cell"] for row in child.iter("table-row")]
                yield from table_blocks(rows, page)
            case "notes" if page is not None:
                yield from _paragraph(_noted(child), page)
            case tag if tag not in _HIDDEN and not (tag == "frame" and child.get("class") == "title"):
                yield from _blocks(child, page)


def _noted(notes: Element) -> str:
    text = _text(notes).strip()
    return f"Speaker notes: {text}" if text else ""


def _paragraph(text: str, page: int | None) -> Iterator[Block]:
    if text.strip():
        yield Block(kind=BlockKind.PARAGRAPH, text=text, page=page)


def _items(element: Element, depth: int) -> Iterator[str]:
    for item in element:
        for child in item:
            if child.tag == "list":
                yield from _items(child, depth + 1)
            elif text := _text(child).strip():
                yield f"{'  ' * depth}- {text}"


def _text(element: Element) -> str:
    """All text within; white space that has elements of its own, a space between paragraphs, footnotes at the end."""
    pieces: list[str] = []
    notes: list[str] = []

    def gather(part: Element) -> None:
        if part.tag == "note" and (body := part.find("note-body")) is not None:
            mark = f"[{''.join(part.findtext('note-citation', '*').split())}]"
            pieces.append(mark)
            notes.append(f"{mark} {_text(body)}")
            return
        pieces.append(_space(part))
        pieces.append(part.text or "")
        for child in part:
            if child.tag not in _HIDDEN:
                gather(child)
            pieces.append(child.tail or "")
        if part.tag in {"p", "h"} and part is not element:
            pieces.append(" ")

    gather(element)
    return "\n".join([clean("".join(pieces)).strip(), *notes])


def _space(part: Element) -> str:
    match part.tag:
        case "s":
            return " " * min(int(part.get("c", "1")), _MAX_SPACES)
        case "tab":
            return " "
        case "line-break":
            return "\n"
    return ""
