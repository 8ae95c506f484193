"""The JSON body of a write or a call: its bytes go to PostgreSQL as they came, only its keys are looked at here."""

from dataclasses import dataclass
from typing import Any

import orjson

from infra.local.gateway.data_api.errors import ApiError

INVALID = "Empty or invalid json"


@dataclass(frozen=True, slots=True)
class Payload:
    """``raw`` is one object or, with ``many``, an array of objects that all have ``keys`` (of the first, in order)."""

    raw: bytes
    keys: tuple[str, ...]
    many: bool
    count: int


def parse_rows(raw: bytes, content_type: str, columns: tuple[str, ...] | None) -> Payload:
    """Return the rows to write; ``columns`` (of the query string) lets keys be missing. Raises ApiError (PGRST102)."""
    _check_type(content_type)
    document = parse_json(raw)
    rows = document if isinstance(document, list) else [document]
    if not all(isinstance(row, dict) for row in rows):
        raise ApiError(400, "PGRST102", "All object keys must match")
    keys = tuple(rows[0]) if rows else ()
    if columns is None and any(row.keys() != rows[0].keys() for row in rows):
        raise ApiError(400, "PGRST102", "All object keys must match")
    return Payload(raw, columns if columns is not None else keys, isinstance(document, list), len(rows))


def parse_json(raw: bytes) -> Any:
    """Return a JSON document; raises ApiError (PGRST102)."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ApiError(400, "PGRST102", INVALID) from None


def _check_type(content_type: str) -> None:
    media = content_type.split(";", 1)[0].strip().lower()
    if media not in ("", "application/json", "*/*"):
        raise ApiError(415, "PGRST102", f"Content-Type not acceptable: {media}")
