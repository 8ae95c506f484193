"""A file is what its content says, whatever its name or its owner says."""

import io
import zipfile
from pathlib import Path

import pytest

from functions.effects.parsing.kinds import ENCRYPTED_OFFICE, kind_of
from functions.effects.parsing.source import Source
from schema.errors import PermanentError

FILES = Path(__file__).parents[2] / "files"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def kind(content: bytes, name: str, declared: str | None = None) -> str:
    return kind_of(Source(name=name, content=content, declared=declared))


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return packed.getvalue()


@pytest.mark.parametrize("name", ["letter.docx", "letter.txt", "letter", "letter.pdf"])
def test_content_goes_before_the_name(name: str) -> None:
    assert kind((FILES / "sample.docx").read_bytes(), name, "text/plain") == WORD


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"junk before\n%PDF-1.7\n", "a.txt", "application/pdf"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello", "talk", "text/vtt"),
        (rb"{\rtf1 Hello}", "a.doc", "application/rtf"),
        (b"\x1f\x8b\x08\x00", "a.txt", "application/gzip"),
        (b"# Title", "a.md", "text/markdown"),
        (b"a,b\n1,2\n", "a.csv", "text/csv"),
        (b"<!DOCTYPE html><html><body>Hi</body></html>", "page", "text/html"),
        (b"From: a@b.example\nTo: c@d.example\nSubject: Boats\n\nHello", "saved", "message/rfc822"),
        (b'{"a": [1, 2]}', "data", "application/json"),
        ("Übung".encode("utf-16"), "note", "text/plain"),
        ("Übung macht".encode("utf-16-le"), "note.txt", "text/plain"),
        (b"plain words", "unnamed", "text/plain"),
        (b"BMI-1 is a part of the pump.", "note", "text/plain"),
        ("GIF89a is older than größer.".encode(), "note.txt", "text/plain"),
        (b"Rar! said the raven.", "note.md", "text/markdown"),
        (b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28" + b"\xff" * 500, "scan.txt", "image/bmp"),
    ],
)
def test_types_by_content_then_name(content: bytes, name: str, expected: str) -> None:
    assert kind(content, name) == expected


def test_office_files_are_told_from_archives_by_what_is_in_them() -> None:
    assert kind(zipped(**{"[Content_Types].xml": b"<x/>", "xl__workbook.xml": b""}), "a.zip").endswith("sheet")
    assert kind(zipped(mimetype=b"application/epub+zip"), "a.zip") == "application/epub+zip"
    assert kind(zipped(**{"word__notes.txt": b"hello"}), "a.docx") == "application/zip"


def test_locked_office_files_are_known() -> None:
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    assert kind(container + "EncryptedPackage".encode("utf-16-le") + bytes(600), "a.docx") == ENCRYPTED_OFFICE
    header = bytearray(b"\xec\xa5" + bytes(510))
    names = "WordDocument".encode("utf-16-le") + bytes(600)
    assert kind(container + bytes(header) + names, "a.doc") == "application/msword"
    header[11] = 1
    assert kind(container + bytes(header) + names, "a.doc") == ENCRYPTED_OFFICE


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"../other/file.xlsx", "a.xlsx", "unreadable"),
        (bytes(range(256)) * 8, "a.bin", "unknown_type"),
        (bytes(range(256)) * 8, "a.doc", "unreadable"),
        (b"PK\x03\x04 cut off", "a.docx", "unreadable"),
    ],
)
def test_what_is_not_what_it_says_is_refused(content: bytes, name: str, code: str) -> None:
    with pytest.raises(PermanentError) as refused:
        kind(content, name)
    assert refused.value.code == code
