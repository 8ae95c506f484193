"""Presentations (PPTX): each slide with its title, text, tables, charts, comments and speaker notes, numbered as pages.

Element names: ECMA-376, part 1 (PresentationML 19, DrawingML 21).
"""

import posixpath
import zipfile
from collections.abc import Iterator

from functions.effects.parsing import ooxml, xml
from functions.effects.parsing.office import refuse_bomb
from functions.effects.parsing.source import Plan, Source, Stretch
from functions.effects.parsing.tables import table_blocks
from functions.effects.parsing.xml import Element
from schema.documents import Block, BlockKind
from schema.errors import PermanentError

_TITLES = {"title", "ctrTitle"}
_FURNITURE = {"sldNum", "dt", "ftr", "hdr", "sldImg"}
_MAIN = "ppt/presentation.xml"


def read_presentation(source: Source) -> Iterator[Stretch | Plan]:
    """The slides in the order in which they are shown."""
    refuse_bomb(source)
    try:
        archive = zipfile.ZipFile(source.opened())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise PermanentError("unreadable", "The presentation is damaged. Save it anew and upload it again.") from error
    with archive:
        slides = _slides(archive)
        if source.depth == 0:
            source.facts.pages = len(slides)
        for number, name in enumerate(slides, start=1):
            slide = xml.part(archive, name)
            if slide is None:
                source.facts.missing.append(f"Slide {number} of {len(slides)} could not be read.")
                continue
            yield Stretch(list(_slide(archive, name, slide, number)), number)


def _slides(archive: zipfile.ZipFile) -> list[str]:
    main, related = xml.part(archive, _MAIN), _related(archive, _MAIN)
    listed = [related.get(slide.get("id", ""), ("", ""))[1] for slide in _ids(main)]
    return [name for name in listed if name] or ooxml.parts(archive, r"ppt/slides/slide\d+\.xml")


def _ids(main: Element | None) -> list[Element]:
    """References to slides; of their two ids, the one that names a relation wins."""
    return [] if main is None else list(main.iter("sldId"))


def _related(archive: zipfile.ZipFile, name: str) -> dict[str, tuple[str, str]]:
    """What a part refers to: by id, the kind and the name of the other part."""
    folder, file = posixpath.split(name)
    relations = xml.part(archive, f"{folder}/_rels/{file}.rels")
    return {
        relation.get("Id", ""): (
            relation.get("Type", "").rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/"),
        )
        for relation in ([] if relations is None else relations.iter("Relationship"))
        if relation.get("TargetMode") != "External"
    }


def _slide(archive: zipfile.ZipFile, name: str, slide: Element, number: int) -> Iterator[Block]:
    shapes = list(_shapes(slide))
    titles = [text for kind, shape in shapes if kind in _TITLES and (text := ooxml.joined(shape))]
    title = " ".join(titles).replace("\n", " ")
    body = [*_body(shapes, number), *_beside(archive, name, number)]
    if title or body:
        yield Block(kind=BlockKind.HEADING, text=title or f"Slide {number}", level=1, page=number)
    yield from body


def _body(shapes: list[tuple[str, Element]], number: int) -> Iterator[Block]:
    for kind, shape in shapes:
        if shape.tag == "tbl":
            yield from table_blocks(
                [[ooxml.joined(cell).replace("\n", " ") for cell in row.iter("tc")] for row in shape.iter("tr")], number
            )
        elif kind not in _TITLES and (text := ooxml.joined(shape)):
            yield Block(kind=BlockKind.PARAGRAPH, text=text, page=number)


def _shapes(slide: Element) -> Iterator[tuple[str, Element]]:
    """Text bodies and tables with the kind of their placeholder, in the order in which they are drawn."""
    for shape in slide.iter():
        if shape.tag == "tbl":
            yield "", shape
        elif shape.tag in {"sp", "cxnSp"} and (body := shape.find("txBody")) is not None:
            place = shape.find(".//nvPr/ph")
            kind = "" if place is None else place.get("type", "")
            if kind not in _FURNITURE:
                yield kind, body


def _beside(archive: zipfile.ZipFile, name: str, number: int) -> Iterator[Block]:
    """What belongs to a slide but stands in other parts."""
    for kind, other in _related(archive, name).values():
        match kind:
            case "chart":
                yield from ooxml.charts(archive, [other], number)
            case "notesSlide" if (notes := xml.part(archive, other)) is not None:
                text = "\n".join(ooxml.joined(body) for _, body in _shapes(notes)).strip()
                if text:
                    yield Block(kind=BlockKind.PARAGRAPH, text=f"Speaker notes: {text}", page=number)
            case "comments" if (comments := xml.part(archive, other)) is not None:
                yield from _comments(archive, comments, number)


def _comments(archive: zipfile.ZipFile, comments: Element, number: int) -> Iterator[Block]:
    authors = xml.part(archive, "ppt/commentAuthors.xml")
    names = {a.get("id"): a.get("name", "") for a in ([] if authors is None else authors.iter("cmAuthor"))}
    for comment in comments.iter("cm"):
        text = "".join(piece.text or "" for piece in comment.iter("text")) or ooxml.joined(comment)
        who = names.get(comment.get("authorId"), "")
        when = comment.get("dt", "")
        if text.strip():
            yield Block(
                kind=BlockKind.PARAGRAPH, text=f"Comment ({', '.join(filter(None, [who, when]))}): {text}", page=number
            )
