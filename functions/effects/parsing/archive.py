"""Archives: each member under its name. Nothing is ever unpacked to disk, and what is unpacked is counted."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO

import charset_normalizer

from functions.effects.parsing.members import read_member, shown
from functions.effects.parsing.source import MAX_DEPTH, Plan, Reader, Source, Stretch
from schema.errors import PermanentError

MEMBER_BYTES = 100 * 1024**2
_PIECE_BYTES = 1 << 20
_ENCRYPTED = 1
_UTF8_NAME = 1 << 11
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_NAME_ENCODINGS = ["cp932", "gb18030", "big5", "cp949", "cp1251", "cp1252", "cp437"]
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
)
_DAMAGED = PermanentError("unreadable", "The archive is damaged. Pack it anew and upload it again.")
_STRANGE_METHOD = PermanentError(
    "unsupported_type", "It is packed or encrypted by a method that cannot be opened here. Pack it anew as a plain ZIP."
)
LOCKED = PermanentError("encrypted", "The file is protected by a password. Give its password, and it is read.")
WRONG_PASSWORD = PermanentError("wrong_password", "This password does not open the file. Give another one.")
STRANGE_LOCK = PermanentError(
    "unsupported_encryption",
    "The file is encrypted in a way that cannot be opened here. Remove the protection and upload it again.",
)


def zip_reader(read: Reader) -> Reader:
    """Reads ZIP archives, and their members with `read`."""

    def read_zip(source: Source) -> Iterator[Stretch | Plan]:
        try:
            archive = zipfile.ZipFile(source.opened())
        except _BROKEN as error:
            raise _DAMAGED from error
        with archive:
            infos = (info for info in archive.infolist() if not info.is_dir())
            yield from _members(source, read, ((_name(info), _zip_opener(archive, info, source)) for info in infos))

    return read_zip


def tar_reader(read: Reader) -> Reader:
    """Reads tar archives, compressed ones too, and their members with `read`."""

    def read_tar(source: Source) -> Iterator[Stretch | Plan]:
        try:
            with tarfile.open(fileobj=source.opened(), mode="r:*") as archive:
                yield from _members(source, read, _tar_members(archive))
        except _BROKEN as error:
            raise _DAMAGED from error

    return read_tar


def stream_reader(read: Reader) -> Reader:
    """Reads single compressed files (gzip, bzip2, xz): the one file within."""

    def read_stream(source: Source) -> Iterator[Stretch | Plan]:
        if source.depth >= MAX_DEPTH:
            raise PermanentError("too_complex", "There are too many archives within one another.")
        content = _unpacked(_stream(source), source)
        if content[257:262] == b"ustar":
            yield from tar_reader(read)(source.member(source.name, content))
            return
        name = shown(source.name).rpartition(".")[0] or source.name
        yield from read(source.member(name, content))

    return read_stream


def _members(source: Source, read: Reader, members: Iterator[tuple[str, Callable[[], IO[bytes]]]]) -> Iterator[Stretch]:
    """Each member that can be read. Where none can, the reason of the first is the archive's."""
    if source.depth >= MAX_DEPTH:
        raise PermanentError("too_complex", "There are too many archives within one another.")
    found, first_error = False, None
    for name, opener in members:
        if any(name.startswith(litter) or name.endswith("/" + litter) or name == litter for litter in _LITTER):
            continue
        try:
            content = _unpacked(opener, source)
        except PermanentError as error:
            if error.code == "too_complex":
                raise
            first_error = first_error or error
            source.facts.missing.append(f"{shown(name)} is missing: {error.message}")
            continue
        for stretch in read_member(source.member(name, content), read):
            found = True
            yield stretch
    if not found and first_error:
        raise first_error


def _unpacked(opener: Callable[[], IO[bytes]], source: Source) -> bytes:
    """What is in a member. Its real bytes are counted while they come; what it says of its size means nothing."""
    content = bytearray()
    try:
        with opener() as stream:
            while piece := stream.read(_PIECE_BYTES):
                source.count(len(piece))
                content += piece
                if len(content) > MEMBER_BYTES:
                    raise PermanentError("too_large", f"it unpacks to more than {MEMBER_BYTES >> 20} MB.")
    except NotImplementedError as error:  # so it speaks of methods it does not know
        raise (STRANGE_LOCK if source.password else _STRANGE_METHOD) from error
    except RuntimeError as error:  # so zipfile speaks of passwords
        raise (WRONG_PASSWORD if source.password else LOCKED) from error
    except _BROKEN as error:
        raise _DAMAGED from error
    return bytes(content)


def _zip_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: Source) -> Callable[[], IO[bytes]]:
    password = source.password.encode() if source.password and info.flag_bits & _ENCRYPTED else None
    return lambda: archive.open(info, pwd=password)


def _tar_members(archive: tarfile.TarFile) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    for info in archive:
        if info.isreg():
            yield info.name, lambda info=info: archive.extractfile(info) or io.BytesIO()  # type: ignore[misc]


def _stream(source: Source) -> Callable[[], IO[bytes]]:
    opener = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}[source.head[:2]]
    return lambda: opener(source.opened(), "rb")  # type: ignore[operator]


def _name(info: zipfile.ZipInfo) -> str:
    """The member's name; old archives do not say in which encoding."""
    if info.flag_bits & _UTF8_NAME:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    try:
        return raw.decode()
    except UnicodeDecodeError:
        best = charset_normalizer.from_bytes(raw, cp_isolation=_NAME_ENCODINGS).best()
        return str(best) if best else info.filename
