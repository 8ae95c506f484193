"""Uploaded files in Supabase Storage: `FileStore`."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import httpx
from storage3.exceptions import StorageApiError

from functions.effects.retrying import patiently
from functions.effects.supabase import Supabase
from schema.errors import PermanentError, TransientError

_PIECE_BYTES = 1 << 18


class SupabaseFiles:
    """Implements `FileStore`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def download(self, bucket: str, name: str, into: Path, most_bytes: int) -> None:
        """Write the file's bytes to `into`. Its row may be seen a moment before the file: not found is tried again."""

        async def once() -> None:
            try:
                await self._download(bucket, name, into, most_bytes)
            except httpx.HTTPError as error:
                raise TransientError("file_unavailable", "The uploaded file cannot be read at the moment.") from error

        await patiently(once)

    async def _download(self, bucket: str, name: str, into: Path, most_bytes: int) -> None:
        """In pieces: the official client would hold the whole file in memory."""
        address = f"{self._supabase.url}/storage/v1/object/{quote(bucket, safe='')}/{_path(name)}"
        async with self._supabase.http.stream("GET", address) as reply:
            reply.raise_for_status()
            with into.open("wb") as file:
                async for piece in reply.aiter_bytes(_PIECE_BYTES):
                    file.write(piece)
                    if file.tell() > most_bytes:
                        raise PermanentError("too_large", f"Files of more than {most_bytes >> 20} MB are not read.")

    async def remove(self, bucket: str, names: Sequence[str]) -> None:
        """Remove files."""
        try:
            await self._supabase.client.storage.from_(bucket).remove(list(names))
        except (StorageApiError, httpx.TransportError) as error:
            raise TransientError("file_unavailable", "Uploaded files cannot be removed at the moment.") from error


def _path(name: str) -> str:
    """A name in an address. On its way there `..` would be resolved, and lead to what is somebody else's."""
    if {".", ".."} & set(name.split("/")):
        raise PermanentError("bad_name", "The file's name leads out of its library. Rename it and upload it again.")
    return quote(name)
