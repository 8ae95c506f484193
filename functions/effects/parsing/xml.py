"""XML of office documents, read with entities refused: theirs have none, and those that have are traps."""

import zipfile
from xml.etree import ElementTree
from xml.parsers import expat

from schema.errors import PermanentError

Element = ElementTree.Element


def tree(content: bytes) -> Element:
    """The root element. Documents that declare entities, and those that are no XML, raise `PermanentError`."""
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler = lambda name, attributes: builder.start(
        _local(name), {_local(k): v for k, v in attributes.items()}
    )
    parser.EndElementHandler = lambda name: builder.end(_local(name))
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(content, True)
        return builder.close()
    except (expat.ExpatError, AssertionError) as error:
        raise PermanentError("unreadable", "The file is damaged. Open it, save it anew and upload it again.") from error


def part(archive: zipfile.ZipFile, name: str) -> Element | None:
    """A part of an office document; None where it has none or it is damaged."""
    try:
        return tree(archive.read(name))
    except (KeyError, PermanentError, zipfile.BadZipFile, OSError, EOFError, RuntimeError):
        return None


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _refuse(*_: object) -> None:
    raise PermanentError("too_complex", "The file declares XML entities, which are not followed. Save it anew without.")
