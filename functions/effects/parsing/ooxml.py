"""What Office files (DOCX, XLSX, PPTX) hold beside their main text: charts, notes and comments.

Element names: ECMA-376, part 1 (WordprocessingML 17, PresentationML 19, DrawingML 21).
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice

from functions.effects.parsing import xml
from functions.effects.parsing.source import Source
from functions.effects.parsing.tables import table_blocks
from functions.effects.parsing.text import clean
from functions.effects.parsing.xml import Element
from schema.documents import Block, BlockKind

_KIND = re.compile(r"([a-z]+)(?:3D)?Chart$")
_NUMBER = re.compile(r"\d+")
_TAB = re.compile(rb"<w:(?:tab|ptab [^<>]*?)\s*/>")  # without attributes: those that have some say where tabs stop
_HYPHEN = re.compile(rb"<w:noBreakHyphen\s*/>")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
_WORD_NOTES = ("word/footnotes.xml", "word/endnotes.xml", "word/comments.xml")


def parts(archive: zipfile.ZipFile, pattern: str) -> list[str]:
    """Names of parts that match, in the order of their numbers."""
    found = [name for name in archive.namelist() if re.fullmatch(pattern, name)]
    return sorted(found, key=lambda name: [int(number) for number in _NUMBER.findall(name)])


def spelled_out(source: Source) -> bytes | None:
    """A DOCX with tabs and hyphens as text, which kreuzberg leaves out as elements; None where it is damaged.

    Pictures are left behind: nothing reads them.
    """
    written = io.BytesIO()
    try:
        with zipfile.ZipFile(source.opened()) as archive, zipfile.ZipFile(written, "w") as copy:
            for name in dict.fromkeys(archive.namelist()):
                if name.endswith((".xml", ".rels")):
                    content = _TAB.sub(b'<w:t xml:space="preserve">\t</w:t>', archive.read(name))
                    copy.writestr(name, _HYPHEN.sub(b"<w:t>-</w:t>", content))
    except _BROKEN:
        return None
    return written.getvalue()


def page_count(source: Source) -> int | None:
    """How many pages a DOCX had when it was last displayed, as it says itself."""
    try:
        with zipfile.ZipFile(source.opened()) as archive:
            properties = xml.part(archive, "docProps/app.xml")
    except _BROKEN:
        return None
    said = "" if properties is None else properties.findtext("Pages", "")
    return int(said) if said.isdecimal() else None


def charts(archive: zipfile.ZipFile, names: Iterable[str], page: int | None = None) -> Iterator[Block]:
    """Each chart: its title, and its numbers as a table with a row for each category."""
    for name in names:
        chart = xml.part(archive, name)
        if chart is not None:
            yield from _chart(chart, page)


def _chart(chart: Element, page: int | None) -> Iterator[Block]:
    kinds = (match[1].capitalize() for part in chart.iter() if (match := _KIND.match(part.tag)))
    kind = " ".join([*islice(kinds, 1), "chart"])
    title = chart.find(".//title")
    name = "" if title is None else joined(title).replace("\n", " ")
    yield Block(kind=BlockKind.PARAGRAPH, text=f"{kind}: {name}" if name else kind, page=page)
    series = list(chart.iter("ser"))
    categories = _points(series[0].find("cat")) or _points(series[0].find("xVal")) if series else []
    columns = [_points(one.find("val")) or _points(one.find("yVal")) for one in series]
    names = [" ".join(_points(one.find("tx"))) for one in series]
    length = max([len(categories), *map(len, columns)]) if series else 0
    rows = [[_at(categories, row), *(_at(column, row) for column in columns)] for row in range(length)]
    yield from table_blocks([["", *names], *rows], page)


def _points(values: Element | None) -> list[str]:
    return [] if values is None else [clean("".join(value.itertext())) for value in values.iter("v")]


def _at(values: list[str], place: int) -> str:
    return values[place] if place < len(values) else ""


def joined(element: Element) -> str:
    """The text of a DrawingML or WordprocessingML element, paragraphs on lines of their own."""
    lines = [
        "".join(
            (piece.text or "") if piece.tag == "t" else " " for piece in line.iter() if piece.tag in {"t", "br", "tab"}
        )
        for line in element.iter("p")
    ]
    return clean("\n".join(line.strip() for line in lines if line.strip()))


def word_extras(archive: zipfile.ZipFile, found: str) -> Iterator[Block]:
    """Of a DOCX: paragraphs of its notes, comments and text boxes that are not in the text found, and its charts."""
    whole, lines = _squeezed(found), {_squeezed(line) for line in found.split("\n")}
    for name in ("word/document.xml", *_WORD_NOTES):
        root = xml.part(archive, name)
        for paragraph in () if root is None else _innermost(root):
            text = joined(paragraph)
            squeezed = _squeezed(text)
            if squeezed and squeezed not in lines and squeezed not in whole:
                yield Block(kind=BlockKind.PARAGRAPH, text=text)
    yield from charts(archive, parts(archive, r"word/charts/chart\d*\.xml"))


def _innermost(root: Element) -> Iterator[Element]:
    """Paragraphs that have none within them."""
    for paragraph in root.iter("p"):
        if not any(inner is not paragraph for inner in paragraph.iter("p")):
            wrapper = Element("wrapper")
            wrapper.append(paragraph)
            yield wrapper


def _squeezed(text: str) -> str:
    return re.sub(r"\W+", "", text)
