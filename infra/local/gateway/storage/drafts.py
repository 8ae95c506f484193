"""Uploads that come in several requests: their bytes so far, on disk, until they are whole, ended or expired.

Of each there are two files, named by the version that it is to become: ``VERSION.json`` describes it, ``VERSION``
holds its bytes. How many there are says the file itself, so that neither can be wrong about the other.
"""

import asyncio
import contextlib
import dataclasses
import hashlib
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from infra.local.gateway.storage.disk import BUFFER
from infra.local.gateway.storage.tus import Wanted, fault

LIFE_SECONDS = 24 * 3600  # of an upload's address, as on hosted Storage
PART_BYTES = 6 * 1024**2  # as S3 keeps them: the entity tag depends on it


@dataclass(frozen=True, slots=True)
class Draft:
    """An upload that has begun. ``metadata`` is the client's header; ``done`` once the object is there."""

    version: str
    owner_id: str | None
    upsert: bool
    wanted: Wanted
    metadata: str
    expires_at: float
    done: bool = False


class Drafts:
    """The uploads of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def begin(self, wanted: Wanted, owner_id: str | None, upsert: bool, metadata: str) -> Draft:
        """Make room for a new upload; those that have expired make way. Raises OSError."""
        draft = Draft(str(uuid.uuid4()), owner_id, upsert, wanted, metadata, time.time() + LIFE_SECONDS)
        await asyncio.to_thread(self._begin, draft)
        return draft

    async def find(self, version: str) -> Draft | None:
        """Return an upload, None if there is none; one that has expired is a StorageError."""
        try:
            draft = await asyncio.to_thread(self._read, self._description(version))
        except FileNotFoundError:
            return None
        if draft.expires_at < time.time():
            raise fault(410, "The file for this url no longer exists\n")
        return draft

    def offset(self, draft: Draft) -> int:
        """Return how many bytes there are."""
        if draft.done:
            return draft.wanted.length or 0
        return self.path(draft).stat().st_size

    def path(self, draft: Draft) -> Path:
        """Return the place of the bytes."""
        return self._folder / draft.version

    async def append(self, draft: Draft, chunks: AsyncIterator[bytes], most: int) -> None:
        """Add bytes, up to ``most`` in all; those that came before an error are kept. Raises OSError, StorageError."""
        path, gathered, size = self.path(draft), bytearray(), self.offset(draft)
        try:
            async for chunk in chunks:
                if size + len(chunk) > most:
                    raise fault(413, "upload's size exceeded\n")
                size += len(chunk)
                gathered += chunk
                if len(gathered) >= BUFFER:
                    await asyncio.to_thread(_append, path, bytes(gathered))
                    gathered.clear()
        finally:
            await asyncio.to_thread(_append, path, bytes(gathered), durable=True)

    async def measure(self, draft: Draft, length: int) -> Draft:
        """Note the length of an upload that had none."""
        return await self._change(dataclasses.replace(draft, wanted=dataclasses.replace(draft.wanted, length=length)))

    async def etag(self, draft: Draft) -> str:
        """Return the entity tag of the whole, as S3 makes it of a file that came in parts."""
        return await asyncio.to_thread(_etag, self.path(draft))

    async def finish(self, draft: Draft) -> None:
        """Note that the object is there; that it was is remembered until the address expires."""
        await self._change(dataclasses.replace(draft, done=True))
        await asyncio.to_thread(self.path(draft).unlink, missing_ok=True)

    async def remove(self, draft: Draft) -> None:
        """Forget an upload."""
        await asyncio.to_thread(self._remove, draft.version)

    async def _change(self, draft: Draft) -> Draft:
        await asyncio.to_thread(self._write, draft)
        return draft

    def _description(self, version: str) -> Path:
        return self._folder / f"{version}.json"

    def _begin(self, draft: Draft) -> None:
        self._sweep(time.time())
        self.path(draft).touch()
        self._write(draft)

    def _write(self, draft: Draft) -> None:
        new = self._folder / f"{draft.version}.new"
        new.write_bytes(orjson.dumps(draft))
        new.replace(self._description(draft.version))

    def _read(self, place: Path) -> Draft:
        fields = orjson.loads(place.read_bytes())
        return Draft(**{**fields, "wanted": Wanted(**fields["wanted"])})

    def _sweep(self, now: float) -> None:
        for place in list(self._expired(now)):
            self._remove(place.stem)

    def _expired(self, now: float) -> Iterator[Path]:
        for place in self._folder.glob("*.json"):
            with contextlib.suppress(FileNotFoundError):
                if self._read(place).expires_at < now:
                    yield place

    def _remove(self, version: str) -> None:
        (self._folder / version).unlink(missing_ok=True)
        self._description(version).unlink(missing_ok=True)


def _append(path: Path, data: bytes, durable: bool = False) -> None:
    with path.open("r+b", buffering=0) as file:  # not "a", which would make a file that has been removed anew
        file.seek(0, os.SEEK_END)
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) or 0 :]
        if durable:
            os.fsync(file.fileno())


def _etag(path: Path) -> str:
    digests: list[bytes] = []
    with path.open("rb") as file:
        while part := file.read(PART_BYTES):
            digests.append(hashlib.md5(part, usedforsecurity=False).digest())
    whole = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
    return f'"{whole}-{max(len(digests), 1)}"'
