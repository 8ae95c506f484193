"""What a file is: by its content; where that is vague, by its name; then as declared."""

import codecs
import json
import re
import zipfile
from pathlib import PurePosixPath

import kreuzberg

from functions.effects.parsing.source import Source
from schema.errors import PermanentError

# What many formats look like from inside; the file's name then says more than its first bytes.
_VAGUE = {
    "text/plain",
    "text/xml",
    "application/xml",
    "application/json",
    "application/zip",
    "application/octet-stream",
}
_MAGIC = ((b"{\\rtf", "application/rtf"), (b"WEBVTT", "text/vtt"), (b"\xef\xbb\xbfWEBVTT", "text/vtt"))
_BINARY_MAGIC = (
    (b"\x1f\x8b", "application/gzip"), (b"BZh", "application/x-bzip2"), (b"\xfd7zXZ\0", "application/x-xz"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"), (b"\x1f\x9d", "application/x-compress"),
    (b"ITSF", "application/vnd.ms-htmlhelp"), (b"Rar!", "application/vnd.rar"),
)  # fmt: skip
_NAMED = {
    ".md": "text/markdown", ".markdown": "text/markdown", ".mdx": "text/markdown", ".txt": "text/plain",
    ".text": "text/plain", ".log": "text/plain", ".csv": "text/csv", ".tsv": "text/tab-separated-values",
    ".vtt": "text/vtt", ".srt": "application/x-subrip", ".ipynb": "application/x-ipynb+json",
    ".eml": "message/rfc822", ".mbox": "application/mbox", ".html": "text/html", ".htm": "text/html",
    ".xhtml": "text/html", ".json": "application/json", ".yaml": "application/yaml", ".yml": "application/yaml",
    ".xml": "application/xml", ".svg": "application/xml", ".rst": "text/x-rst", ".org": "text/plain",
    ".adoc": "text/asciidoc", ".asciidoc": "text/asciidoc", ".tex": "text/x-tex", ".latex": "text/x-tex",
}  # fmt: skip
# Formats that are never plain text: a file that is called so but holds text is not what it says.
_BINARY_NAMES = {".pdf", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub", ".doc", ".xls", ".ppt", ".msg"}
_IN_ZIP = (
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_EXCEL_BEGINS = (b"\x09\x08\x10\x00", b"\x09\x08\x08\x00")
ENCRYPTED_OFFICE = "application/x-ole-encrypted"
_MAIL_HEADER = re.compile(
    rb"(?:From|To|Subject|Date|Received|Message-ID|MIME-Version|Return-Path|Delivered-To): ", re.IGNORECASE
)


def kind_of(source: Source) -> str:
    """The MIME type of a file. Unknown ones raise `PermanentError`."""
    head, suffix = source.head, PurePosixPath(source.name).suffix.lower()
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    # Marks of a few letters begin sentences, too: "BMP files", "GIF89a is", "Rar!".
    is_written = _is_written(head)
    for mark, mime in _MAGIC if is_written else (*_MAGIC, *_BINARY_MAGIC):
        if head.startswith(mark):
            return mime
    if head[257:262] == b"ustar":
        return "application/x-tar"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _in_zip(source)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _in_ole(source, suffix)
    seen = _seen(source)
    vague = seen is None or seen in _VAGUE or seen.startswith(("text/", "image/") if is_written else "text/")
    if seen is not None and not vague:
        return seen
    if not _is_text(head):
        return _binary(seen, suffix)
    return _text(source, seen, suffix)


def _text(source: Source, seen: str | None, suffix: str) -> str:
    if suffix in _BINARY_NAMES:
        raise PermanentError(
            "unreadable",
            f"The name says {suffix[1:].upper()}, but there is only text in it. Upload the original.",
        )
    if suffix in _NAMED:
        named = _NAMED[suffix]
        return "text/html" if seen == "text/html" and named in {"text/plain", "application/xml"} else named
    if seen == "text/html":
        return seen
    if _looks_like_mail(source.head):
        return "message/rfc822"
    if seen in {"application/json", "text/json"} and _is_json(source):
        return "application/json"
    if seen in {"text/xml", "application/xml"}:
        return "application/xml"
    return source.declared if source.declared in set(_NAMED.values()) else "text/plain"


def _binary(seen: str | None, suffix: str) -> str:
    if seen is not None and seen not in _VAGUE:
        return seen
    if suffix in _BINARY_NAMES:
        raise PermanentError(
            "unreadable",
            f"The name says {suffix[1:].upper()}, but the content does not. Save it anew.",
        )
    raise PermanentError(
        "unknown_type",
        "The type of this file is not known. PDF, Office documents, e-mail, HTML, Markdown and plain text can be read.",
    )


def _seen(source: Source) -> str | None:
    try:
        return kreuzberg.detect_mime_type(source.head)
    except (RuntimeError, kreuzberg.KreuzbergError):
        return None


def _in_zip(source: Source) -> str:
    try:
        with zipfile.ZipFile(source.opened()) as archive:
            names = archive.namelist()
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                return archive.read("mimetype").decode("ascii", "replace").strip()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError):
        suffix = PurePosixPath(source.name).suffix.lower()
        if suffix in _BINARY_NAMES:
            raise PermanentError("unreadable", "The file is damaged: its end is missing. Upload it again.") from None
        return "application/zip"
    if "[Content_Types].xml" in names:
        return next(
            (mime for folder, mime in _IN_ZIP if any(name.startswith(folder) for name in names)), "application/zip"
        )
    return "application/zip"


def _in_ole(source: Source, suffix: str) -> str:
    """Old Office formats share one container; the names of its streams, in UTF-16, tell them apart."""
    data = source.data
    for stream, mime in (
        ("EncryptedPackage", ENCRYPTED_OFFICE), ("__substg1.0_", "application/vnd.ms-outlook"),
        ("WordDocument", "application/msword"), ("PowerPoint Document", "application/vnd.ms-powerpoint"),
        ("Workbook", "application/vnd.ms-excel"), ("Book", "application/vnd.ms-excel"),
    ):  # fmt: skip
        if stream.encode("utf-16-le") in data:
            return ENCRYPTED_OFFICE if _is_locked(data) else mime
    raise PermanentError(
        "unsupported_type", f"This kind of {suffix[1:].upper() or 'Office'} file cannot be read. Save it as PDF."
    )


def _is_locked(data: bytes) -> bool:
    """Whether an old Word or Excel file is encrypted. Streams begin at multiples of 512 bytes.

    Word says so in a flag of its header (MS-DOC 2.5.1), Excel by a record behind the first (MS-XLS 2.4.117).
    """
    for place in range(512, len(data) - 64, 512):
        if data[place : place + 2] == b"\xec\xa5":
            return bool(data[place + 11] & 1)
        if data[place : place + 4] in _EXCEL_BEGINS:
            length = int.from_bytes(data[place + 2 : place + 4], "little")
            return data[place + 4 + length : place + 6 + length] == b"\x2f\x00"
    return False


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    sample = head[:8192]
    if not sample:
        return True
    zeros = sample.count(0)
    if zeros > len(sample) // 4 and (min(sample[::2].count(0), sample[1::2].count(0)) <= zeros // 50):
        return True  # UTF-16 without a mark
    control = sum(0 < byte < 9 or (13 < byte < 32 and byte != 27) for byte in sample)
    return control <= len(sample) // 20 and zeros <= len(sample) // 3


def _is_written(head: bytes) -> bool:
    """Whether it is UTF-8 without a control character, as no binary format is."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # whose last character may be cut off
    except UnicodeDecodeError:
        return False
    return not any(byte < 9 or 13 < byte < 32 for byte in head)


def _looks_like_mail(head: bytes) -> bool:
    return len(_MAIL_HEADER.findall(b"\n" + head[:4096])) >= 3 and _MAIL_HEADER.match(head) is not None


def _is_json(source: Source) -> bool:
    try:
        json.loads(source.data)
    except (ValueError, RecursionError):
        return False
    return True
