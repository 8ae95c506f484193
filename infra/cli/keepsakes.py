"""What is remembered of a person between two commands: the session, and the local person's own password."""

import json
from pathlib import Path

from supabase_auth import AsyncSupportedStorage

from infra.local import state


class Keepsakes(AsyncSupportedStorage):
    """A JSON file of names and texts that its owner alone can read; the Auth client keeps its session here."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def get_item(self, key: str) -> str | None:
        """The text kept under a name."""
        value = self._read().get(key)
        return value if isinstance(value, str) else None

    async def set_item(self, key: str, value: str) -> None:
        """Keep a text."""
        self._write({**self._read(), key: value})

    async def remove_item(self, key: str) -> None:
        """Forget a text."""
        kept = self._read()
        if kept.pop(key, None) is not None:
            self._write(kept)

    def _read(self) -> dict[str, object]:
        return state.read_json(self._file) or {}

    def _write(self, kept: dict[str, object]) -> None:
        state.write_private(self._file, json.dumps(kept))
