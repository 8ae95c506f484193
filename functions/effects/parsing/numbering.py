"""Numbers that Word shows before headings but does not store: "2.1" is counted anew whenever a document is opened.

Elements: ECMA-376, part 1, 17.9 (numbering) and 17.7 (styles).
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from functions.effects.parsing import xml
from functions.effects.parsing.xml import Element
from schema.documents import Block, BlockKind

_PLACE = re.compile(r"%(\d)")
_LEVELS = 9
_COUNTED = {"decimal", "decimalZero"}


@dataclass
class _Lists:
    """What is known of numbered lists, and how far each has been counted."""

    formats: dict[tuple[str, int], str]  # list and level → such as "%1.%2"
    starts: dict[tuple[str, int], int]
    of_number: dict[str, str]  # the list behind a number id
    counts: dict[str, list[int]] = field(default_factory=dict)

    def count(self, number: str, level: int) -> str:
        """The next number of a list; empty where it shows none."""
        name = self.of_number.get(number, "")
        starts = [self.starts.get((name, each), 1) for each in range(_LEVELS)]
        counts = self.counts.setdefault(name, [start - 1 for start in starts])
        counts[level] += 1
        counts[level + 1 :] = [start - 1 for start in starts[level + 1 :]]
        shown = self.formats.get((name, level), "")
        return _PLACE.sub(lambda match: str(max(counts[int(match[1]) - 1], 1)) if int(match[1]) else "", shown)


def numbered(blocks: list[Block], archive: zipfile.ZipFile) -> list[Block]:
    """The blocks of a Word document with the numbers of its headings."""
    numbers = list(_headings(archive))
    done = []
    for block in blocks:
        if block.kind is BlockKind.HEADING:
            place = next((n for n, (text, _) in enumerate(numbers) if text == _squeezed(block.text)), None)
            if place is not None:
                number = numbers[place][1]
                numbers = numbers[place + 1 :]
                block = block.model_copy(update={"text": f"{number} {block.text}".strip()})
        done.append(block)
    return done


def _headings(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Text and number of each heading."""
    document = xml.part(archive, "word/document.xml")
    lists = _lists(xml.part(archive, "word/numbering.xml"))
    styles = _styles(xml.part(archive, "word/styles.xml"))
    if document is None or lists is None:
        return
    for paragraph in document.iter("p"):
        style = paragraph.find("pPr/pStyle")
        is_heading, inherited = styles.get("" if style is None else style.get("val", ""), (False, None))
        place = _place(paragraph.find("pPr/numPr"), inherited)
        number = lists.count(*place) if place and place[0] != "0" else ""
        if is_heading:
            yield _squeezed("".join(text.text or "" for text in paragraph.iter("t"))), number


def _lists(root: Element | None) -> _Lists | None:
    if root is None:
        return None
    lists = _Lists({}, {}, {})
    for each in root.iter("abstractNum"):
        for level in each.findall("lvl"):
            key = each.get("abstractNumId", ""), _number(level.get("ilvl"))
            if _value(level, "numFmt") in _COUNTED:
                lists.formats[key] = _value(level, "lvlText") or ""
            lists.starts[key] = _number(_value(level, "start") or "1")
    lists.of_number = {each.get("numId", ""): _value(each, "abstractNumId") or "" for each in root.findall("num")}
    return lists


def _styles(root: Element | None) -> dict[str, tuple[bool, Element | None]]:
    """Of each style: whether it is one of headings, and its numbering."""
    return {
        style.get("styleId", ""): ((_value(style, "name") or "").lower().startswith("heading"), style.find("pPr/numPr"))
        for style in ([] if root is None else root.iter("style"))
    }


def _place(own: Element | None, inherited: Element | None) -> tuple[str, int] | None:
    """Number id and level of a paragraph; what it does not say itself, its style says."""
    said = [numbering for numbering in (own, inherited) if numbering is not None]
    number = next((value for numbering in said if (value := _value(numbering, "numId"))), None)
    level = next((value for numbering in said if (value := _value(numbering, "ilvl"))), "0")
    return (number, min(_number(level), _LEVELS - 1)) if number else None


def _value(element: Element, name: str) -> str | None:
    child = element.find(name)
    return None if child is None else child.get("val")


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def _squeezed(text: str) -> str:
    return re.sub(r"\W+", "", text)
