"""Large files go to Storage in chunks, by the tus protocol; what was sent before an interruption is not sent again.

https://supabase.com/docs/guides/storage/uploads/resumable-uploads: chunks of 6 MiB, addresses that live for a day.
"""

import asyncio
import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
from storage3.exceptions import StorageApiError

from infra.cli.keepsakes import Keepsakes
from infra.cli.person import Person

CHUNK_BYTES = 6 * 1024**2
TIMEOUT_SECONDS = 120.0
_GONE = (404, 410)
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Parcel:
    """A file on its way to an object of a bucket."""

    file: Path
    bucket: str
    name: str
    mime: str

    def mark(self, person: Person) -> str:
        """What the upload's address is remembered by: another file, state or person has another. Raises OSError."""
        state = self.file.stat()
        parts = (person.project.url, person.id, self.bucket, self.name, state.st_size, state.st_mtime_ns)
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


class ResumableUploads:
    """Sends parcels; `memory` keeps the addresses of uploads that are not finished."""

    def __init__(self, person: Person, http: httpx.AsyncClient, memory: Keepsakes) -> None:
        self._person, self._http, self._memory = person, http, memory

    async def send(self, parcel: Parcel, progress: Progress) -> None:
        """Send what Storage does not have yet; may be repeated. Raises StorageApiError, OSError, httpx errors."""
        mark = parcel.mark(self._person)
        address, offset = await self._resume(mark)
        size = parcel.file.stat().st_size
        if address is None:
            address = await self._create(parcel, size)
            await self._memory.set_item(mark, address)
        while offset < size:
            progress(offset)
            offset = await self._send_chunk(address, parcel.file, offset)
            if parcel.mark(self._person) != mark:
                await self._memory.remove_item(mark)
                raise OSError(0, "it was changed while it was sent")
        progress(size)
        await self._memory.remove_item(mark)

    async def _resume(self, mark: str) -> tuple[str | None, int]:
        """The address of an upload that was interrupted, and how many bytes of it there are."""
        address = await self._memory.get_item(mark)
        if address is None:
            return None, 0
        answer = await self._ask("HEAD", address, {})
        if answer.status_code in _GONE or answer.status_code in (400, 403, 409):
            await self._memory.remove_item(mark)
            return None, 0
        _check(answer)
        return address, int(answer.headers["upload-offset"])

    async def _create(self, parcel: Parcel, size: int) -> str:
        named = {"bucketName": parcel.bucket, "objectName": parcel.name, "contentType": parcel.mime}
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in named.items())
        uploads = f"{self._person.project.url}/storage/v1/upload/resumable"
        answer = await self._ask("POST", uploads, {"upload-length": str(size), "upload-metadata": metadata})
        _check(answer)
        return str(answer.url.join(answer.headers["location"]))

    async def _send_chunk(self, address: str, file: Path, offset: int) -> int:
        """Send the next chunk; return how many bytes Storage has then."""
        chunk = await asyncio.to_thread(_read, file, offset)
        headers = {"upload-offset": str(offset), "content-type": "application/offset+octet-stream"}
        answer = await self._ask("PATCH", address, headers, chunk)
        _check(answer)
        return int(answer.headers["upload-offset"])

    async def _ask(self, method: str, url: str, headers: dict[str, str], content: bytes = b"") -> httpx.Response:
        own = {
            "tus-resumable": "1.0.0",
            "x-upsert": "true",
            "apikey": self._person.project.key,
            "authorization": f"Bearer {await self._person.token()}",
        }
        return await self._http.request(method, url, headers={**own, **headers}, content=content)


def _read(file: Path, offset: int) -> bytes:
    with file.open("rb") as opened:
        opened.seek(offset)
        return opened.read(CHUNK_BYTES)


def _check(answer: httpx.Response) -> None:
    if answer.is_error:
        message = answer.text.strip() or f"Storage answered {answer.status_code}"
        raise StorageApiError(message, str(answer.status_code), answer.status_code)
