"""Pages of a PDF file, taken out with the PDFium library that kreuzberg brings along.

kreuzberg reads whole files alone; with this a file of thousands of pages is read some pages at a time, from disk.
Functions and constants: https://pdfium.googlesource.com/pdfium/+/refs/heads/main/public/ (fpdfview.h, fpdf_edit.h,
fpdf_flatten.h, fpdf_formfill.h, fpdf_ppo.h, fpdf_save.h, fpdf_text.h).
"""

import ctypes
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from functions.effects.parsing.archive import LOCKED, STRANGE_LOCK, WRONG_PASSWORD
from functions.effects.parsing.source import Source
from schema.errors import PermanentError

_ERROR_PASSWORD, _ERROR_SECURITY = 4, 5
_REMOVE_SECURITY = 3
_AS_DISPLAYED = 0
_WRITE_BLOCK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong)
_LOOKED_AT, _FIRST = 10, 3  # pages
_NAMES = ("libpdfium.so", "libpdfium.dylib")


class _FileWrite(ctypes.Structure):
    _fields_ = (("version", ctypes.c_int), ("write_block", _WRITE_BLOCK))


class Library:
    """A PDFium of our own: a copy, so that what kreuzberg does to its one does not touch ours."""

    def __init__(self, folder: Path) -> None:
        """Raises `FileNotFoundError` where kreuzberg has unpacked none under `folder`."""
        found = next((path for name in _NAMES for path in folder.glob(f"*/{name}")), None)
        if found is None:
            raise FileNotFoundError(folder)
        ctypes.CDLL(str(found))  # stays loaded: kreuzberg finds it at once
        self._pdfium = ctypes.CDLL(str(shutil.copyfile(found, folder / f"pages-{found.name}")))
        for name in (
            "FPDF_LoadMemDocument64",
            "FPDF_LoadDocument",
            "FPDF_CreateNewDocument",
            "FPDF_LoadPage",
            "FPDFText_LoadPage",
        ):
            getattr(self._pdfium, name).restype = ctypes.c_void_p
        self._pdfium.FPDF_GetLastError.restype = ctypes.c_ulong

    @contextmanager
    def opened(self, source: Source) -> "Iterator[Document | None]":
        """The document; None where it is too damaged for this library. Raises what a person has to do."""
        self._pdfium.FPDF_InitLibrary()
        handle = None
        for password in _encodings(source.password):
            handle = self._load(source, password)
            if handle:
                break
        if not handle:
            self._raise_locked(source)
            yield None
            return
        try:
            yield Document(self._pdfium, handle)
        finally:
            self._pdfium.FPDF_CloseDocument(ctypes.c_void_p(handle))

    def _load(self, source: Source, password: bytes | None) -> int | None:
        handle: int | None
        if source.file is not None:
            handle = self._pdfium.FPDF_LoadDocument(str(source.file).encode(), password)
        else:
            handle = self._pdfium.FPDF_LoadMemDocument64(source.data, ctypes.c_size_t(len(source.data)), password)
        return handle

    def _raise_locked(self, source: Source) -> None:
        match self._pdfium.FPDF_GetLastError():
            case error if error == _ERROR_PASSWORD:
                raise WRONG_PASSWORD if source.password else LOCKED
            case error if error == _ERROR_SECURITY:
                raise STRANGE_LOCK


class Document:
    """An open PDF file."""

    def __init__(self, pdfium: ctypes.CDLL, handle: int) -> None:
        self._pdfium = pdfium
        self._handle = ctypes.c_void_p(handle)

    @property
    def pages(self) -> int:
        """How many pages it says it has."""
        return int(self._pdfium.FPDF_GetPageCount(self._handle))

    @property
    def encrypted(self) -> bool:
        """Whether it is encrypted, be it with an empty password."""
        return int(self._pdfium.FPDF_GetSecurityHandlerRevision(self._handle)) >= 0

    @property
    def form(self) -> bool:
        """Whether it has fields to fill in. What was filled in lies over its pages and is not in their text."""
        return int(self._pdfium.FPDF_GetFormType(self._handle)) > 0

    @property
    def blank(self) -> bool:
        """Whether nothing is drawn on any of the first pages."""
        return all(self.is_blank(page) for page in range(1, min(self.pages, _LOOKED_AT) + 1))

    @property
    def scanned(self) -> bool:
        """Whether its first pages are images alone."""
        return not any(self._characters(page) for page in range(1, min(self.pages, _FIRST) + 1)) and not self.blank

    def is_blank(self, page: int) -> bool:
        """Whether nothing is drawn on this page (counted from 1)."""
        with self._loaded(self._handle, page) as handle:
            return int(self._pdfium.FPDFPage_CountObjects(handle)) == 0

    def _characters(self, page: int) -> int:
        with self._loaded(self._handle, page) as handle:
            text = ctypes.c_void_p(self._pdfium.FPDFText_LoadPage(handle))
            count = int(self._pdfium.FPDFText_CountChars(text))
            self._pdfium.FPDFText_ClosePage(text)
            return count

    @contextmanager
    def _loaded(self, document: ctypes.c_void_p, page: int) -> Iterator[ctypes.c_void_p]:
        handle = ctypes.c_void_p(self._pdfium.FPDF_LoadPage(document, page - 1))
        yield handle
        self._pdfium.FPDF_ClosePage(handle)

    def taken_out(self, first: int, last: int) -> bytes:
        """These pages (counted from 1) as a file of their own, without encryption, what was filled in as their text."""
        new = ctypes.c_void_p(self._pdfium.FPDF_CreateNewDocument())
        try:
            if not self._pdfium.FPDF_ImportPages(new, self._handle, f"{first}-{last}".encode(), 0):
                raise PermanentError("unreadable", f"Pages {first} to {last} are damaged.")
            if self.form:
                self._flatten(new)
            return self._saved(new)
        finally:
            self._pdfium.FPDF_CloseDocument(new)

    def _flatten(self, document: ctypes.c_void_p) -> None:
        for page in range(1, self._pdfium.FPDF_GetPageCount(document) + 1):
            with self._loaded(document, page) as handle:
                self._pdfium.FPDFPage_Flatten(handle, _AS_DISPLAYED)

    def _saved(self, document: ctypes.c_void_p) -> bytes:
        content = bytearray()

        def write(_: int, data: int, size: int) -> int:
            content.extend(ctypes.string_at(data, size))
            return 1

        sink = _FileWrite(1, _WRITE_BLOCK(write))
        self._pdfium.FPDF_SaveAsCopy(document, ctypes.byref(sink), ctypes.c_ulong(_REMOVE_SECURITY))
        return bytes(content)


def _encodings(password: str | None) -> list[bytes | None]:
    """A password as files of different ages encode it."""
    if password is None:
        return [None]
    prepared = unicodedata.normalize("NFKC", password.replace("\xad", ""))  # as RFC 4013 asks for
    encoded: list[bytes | None] = [password.encode(), prepared.encode()]
    with suppress(UnicodeEncodeError):
        encoded.append(password.encode("latin-1"))
    return list(dict.fromkeys(encoded))
