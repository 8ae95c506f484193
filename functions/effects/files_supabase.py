"""Uploaded files in Supabase Storage: `FileStore`."""

import httpx
from storage3.exceptions import StorageApiError

from functions.effects.retrying import patiently
from functions.effects.supabase import Supabase
from schema.errors import TransientError


class SupabaseFiles:
    """Implements `FileStore`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def download(self, bucket: str, name: str) -> bytes:
        """The file's bytes. Its row may be seen a moment before the file: not found is tried again later."""

        async def once() -> bytes:
            try:
                return await self._supabase.client.storage.from_(bucket).download(name)
            except (StorageApiError, httpx.TransportError) as error:
                raise TransientError("file_unavailable", "The uploaded file cannot be read at the moment.") from error

        return await patiently(once)

    async def remove(self, bucket: str, name: str) -> None:
        """Remove the file."""
        try:
            await self._supabase.client.storage.from_(bucket).remove([name])
        except (StorageApiError, httpx.TransportError) as error:
            raise TransientError("file_unavailable", "The uploaded file cannot be removed at the moment.") from error
