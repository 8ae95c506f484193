"""E-mail: headers, the message, and what is attached, each attachment under its name."""

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage, Message

from functions.effects.parsing import markdown
from functions.effects.parsing.members import read_member
from functions.effects.parsing.source import MAX_DEPTH, Plan, Reader, Source, Stretch
from functions.effects.parsing.text import clean, decoded, paragraphs, stretches
from schema.documents import Block, BlockKind
from schema.errors import PermanentError

_SHOWN_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_MESSAGE_START = re.compile(rb"(?:\A|\n)From [^\n]*\n")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PICTURES = ("image/", "audio/", "video/")


def mail_reader(read: Reader) -> Reader:
    """Reads a message (EML), and its attachments with `read`."""

    def read_mail(source: Source) -> Iterator[Stretch | Plan]:
        data = decoded(source.data).encode() if source.data.startswith(_UTF16) else source.data
        message = email.message_from_bytes(data, policy=email.policy.default)
        if not isinstance(message, EmailMessage):
            raise PermanentError("unreadable", "The message is damaged.")
        yield from _read_message(message, source, read)

    return read_mail


def mailbox_reader(read: Reader) -> Reader:
    """Reads a mailbox (mbox): one message after the other."""

    def read_mailbox(source: Source) -> Iterator[Stretch | Plan]:
        for content in _MESSAGE_START.split(source.data):
            if content.strip():
                yield from mail_reader(read)(source.member("message", content))

    return read_mailbox


def _read_message(message: EmailMessage, source: Source, read: Reader) -> Iterator[Stretch]:
    body = message.get_body(preferencelist=("plain", "html"))
    yield from stretches([*_headers(message), *(_text(body, source, read) if body else [])])
    if source.depth >= MAX_DEPTH:
        return
    for part in message.walk():
        if part is not message and part is not body and (attached := _attached(part)):
            name, content = attached
            source.count(len(content))
            yield from read_member(source.member(name, content, part.get_content_type()), read)


def _attached(part: Message) -> tuple[str, bytes] | None:
    """Name and content of a part that somebody attached; None for what is only another form of the message."""
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        message = inner[0] if isinstance(inner, list) and inner else None
        return (part.get_filename() or "message.eml", message.as_bytes()) if isinstance(message, Message) else None
    if part.is_multipart() or not (part.get_filename() or part.get_content_disposition() == "attachment"):
        return None
    if part.get_content_type().startswith(_PICTURES) and part.get_content_disposition() != "attachment":
        return None  # shown within the text
    content = _payload(part)
    return (part.get_filename() or "attachment", content) if content.strip() else None


def _headers(message: EmailMessage) -> list[Block]:
    lines = []
    for name in _SHOWN_HEADERS:
        try:
            value = message.get(name)
        except Exception:  # noqa: BLE001  # the standard library raises many kinds for malformed headers
            value = None
        if value:
            lines.append(f"{name}: {clean(' '.join(str(value).split()))}")
    return [Block(kind=BlockKind.PARAGRAPH, text="\n".join(lines))] if lines else []


def _text(part: Message, source: Source, read: Reader) -> list[Block]:
    content = _payload(part)
    charset = part.get_content_charset()
    try:
        text = clean(content.decode(charset or "utf-8"))
    except (LookupError, UnicodeDecodeError):
        text = decoded(content)
    if part.get_content_type() != "text/html":
        return paragraphs(text)
    try:
        html = source.member("message.html", text.encode(), "text/html")
        return [block for stretch in read(html) if isinstance(stretch, Stretch) for block in stretch.blocks]
    except PermanentError:
        return markdown.blocks(text, plain=True)


def _payload(part: Message) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except Exception:  # noqa: BLE001  # as above
        return b""
    return payload if isinstance(payload, bytes) else b""
