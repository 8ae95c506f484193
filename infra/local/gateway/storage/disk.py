"""Objects' bytes on disk. A file is named by its version, a random uuid: no name of a client's reaches the disk.

A file is written under ``incoming``, made durable, then renamed under ``objects``; it never changes afterwards.
"""

import asyncio
import contextlib
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from infra.local.gateway.wire import DatabaseError

BUFFER = 1024 * 1024  # bytes gathered before a thread writes them


class Disk:
    """The folder of one gateway."""

    def __init__(self, folder: Path) -> None:
        self._incoming, self._objects, self.drafts_folder = folder / "incoming", folder / "objects", folder / "drafts"

    def prepare(self) -> None:
        """Make the folders, and remove what an earlier process left half-written."""
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir(parents=True)
        self._objects.mkdir(exist_ok=True)
        self.drafts_folder.mkdir(exist_ok=True)

    def path(self, version: str) -> Path:
        """Return a version's place; raises ValueError if it is no version."""
        name = str(uuid.UUID(version))
        return self._objects / name[:2] / name

    def sink(self) -> "Sink":
        """Return a place for a new version's bytes."""
        version = str(uuid.uuid4())
        return Sink(version, self._incoming / version, self.path(version))

    async def duplicate(self, version: str) -> str:
        """Give the bytes of a version a second version and return it."""
        copy = str(uuid.uuid4())
        await asyncio.to_thread(_link, self.path(version), self.path(copy))
        return copy

    @contextlib.contextmanager
    def provisional(self, version: str) -> Iterator["Provisional"]:
        """Remove a version if the block raises, unless a row may already point to it."""
        provisional = Provisional()
        try:
            yield provisional
        except BaseException as error:
            # Refused by the database, the row is surely not there; a commit cut short may have happened.
            if isinstance(error, DatabaseError) or not provisional.kept:
                _unlink([self.path(version), self._incoming / version])
            raise

    async def adopt(self, path: Path, version: str) -> None:
        """Make the file at ``path`` the bytes of a version; it stays where it is too."""
        await asyncio.to_thread(_adopt, path, self.path(version))

    async def remove(self, *versions: str | None) -> None:
        """Remove versions; those that are not there are ignored."""
        paths = [self.path(version) for version in versions if version]
        if paths:
            await asyncio.to_thread(_unlink, paths)

    def open(self, version: str) -> BinaryIO:
        """Open a version for reading; raises FileNotFoundError."""
        return self.path(version).open("rb")


class Provisional:
    """A version that no row points to yet."""

    def __init__(self) -> None:
        self.kept = False

    def keep(self) -> None:
        """Say that from now on a row may point to it: called last before the commit."""
        self.kept = True


class Sink:
    """Takes the bytes of one new version."""

    def __init__(self, version: str, draft: Path, final: Path) -> None:
        self.version, self.size = version, 0
        self._draft, self._final = draft, final
        self._file = draft.open("xb", buffering=0)
        self._digest = hashlib.md5(usedforsecurity=False)
        self._gathered: list[bytes] = []
        self._waiting = 0

    @property
    def etag(self) -> str:
        """Return the entity tag, with its quotes, as S3 makes it."""
        return f'"{self._digest.hexdigest()}"'

    async def write(self, data: bytes) -> None:
        """Append bytes. Raises OSError."""
        self.size += len(data)
        self._gathered.append(data)
        self._waiting += len(data)
        if self._waiting >= BUFFER:
            await asyncio.to_thread(self._drain)

    async def finish(self) -> None:
        """Make the bytes durable and give them their final place. Raises OSError."""
        await asyncio.to_thread(self._finish)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _drain(self) -> None:
        data = b"".join(self._gathered)
        self._gathered.clear()
        self._waiting = 0
        self._digest.update(data)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) or 0 :]

    def _finish(self) -> None:
        self._drain()
        os.fsync(self._file.fileno())
        self._file.close()
        self._final.parent.mkdir(exist_ok=True)
        self._draft.rename(self._final)
        _sync_folder(self._final.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _adopt(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)  # of an attempt that was cut short
    _link(source, target)
    _sync_folder(target.parent)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)


def _unlink(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
