"""Messages of Outlook (MSG): the message, and what is attached, each attachment under its name.

Names of streams: MS-OXMSG 2.2 (attachments), MS-OXPROPS (their properties).
"""

import io
from collections.abc import Iterator

import olefile

from functions.effects.parsing.extract import extract
from functions.effects.parsing.members import read_member, shown
from functions.effects.parsing.source import MAX_DEPTH, Plan, Reader, Source, Stretch
from functions.effects.parsing.text import clean, decoded, paragraphs, stretches
from schema.documents import Block, BlockKind

MIME = "application/vnd.ms-outlook"
_ATTACHMENT = "__attach_version1.0_#"
_CONTENT, _INNER_MESSAGE = "37010102", "3701000D"
_LONG_NAME, _NAME, _TYPE, _SHOWN_WITHIN = "3707", "3704", "370E", "3712"
_SUBJECT, _BODY = "0037", "1000"
_UTF16, _NARROW = "001F", "001E"


def outlook_reader(read: Reader) -> Reader:
    """Reads a message, and its attachments with `read`."""

    def read_message(source: Source) -> Iterator[Stretch | Plan]:
        yield from stretches(paragraphs(clean(extract(source, MIME, plain=True).content)))
        if source.depth < MAX_DEPTH:
            yield from _attachments(source, read)

    return read_message


def _attachments(source: Source, read: Reader) -> Iterator[Stretch]:
    try:
        with olefile.OleFileIO(io.BytesIO(source.data)) as message:
            folders = {entry[0] for entry in message.listdir() if entry[0].startswith(_ATTACHMENT)}
            for folder in sorted(folders):
                yield from _attachment(message, folder, source, read)
    except OSError:
        source.facts.missing.append("What is attached could not be read.")


def _attachment(message: olefile.OleFileIO, folder: str, source: Source, read: Reader) -> Iterator[Stretch]:
    name = _said(message, folder, _LONG_NAME) or _said(message, folder, _NAME) or "attachment"
    kind = _said(message, folder, _TYPE)
    inner = f"{folder}/__substg1.0_{_INNER_MESSAGE}"
    if message.exists(inner):
        yield _inner_message(message, inner, source)
    elif not (kind.startswith("image/") and _said(message, folder, _SHOWN_WITHIN)):
        content = _stream(message, folder, _CONTENT)
        source.count(len(content))
        yield from read_member(source.member(name, content, kind or None), read)


def _inner_message(message: olefile.OleFileIO, folder: str, source: Source) -> Stretch:
    """A message that was forwarded as one: no file of its own, but streams of this one."""
    title = shown(_said(message, folder, _SUBJECT) or "message")
    heading = Block(kind=BlockKind.HEADING, text=title, level=source.depth + 1)
    return Stretch([heading, *paragraphs(_said(message, folder, _BODY))])


def _said(message: olefile.OleFileIO, folder: str, property_id: str) -> str:
    """The text of a property; empty where it is not set."""
    wide = _stream(message, folder, property_id + _UTF16)
    return clean(wide.decode("utf-16-le", "replace")) or decoded(_stream(message, folder, property_id + _NARROW))


def _stream(message: olefile.OleFileIO, folder: str, name: str) -> bytes:
    path = f"{folder}/__substg1.0_{name}"
    return bytes(message.openstream(path).read()) if message.exists(path) else b""
