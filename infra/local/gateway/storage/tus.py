"""What the tus protocol says in headers (https://tus.io/protocols/resumable-upload, version 1.0.0). Pure.

An upload's id is, as on hosted Storage, base64url of ``BUCKET/NAME/VERSION``.
"""

import base64
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import orjson

from infra.local.gateway.storage.errors import StorageError
from infra.local.gateway.storage.limits import check_bucket_name, check_key
from infra.local.gateway.storage.receive import OCTETS

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,termination,expiration"
CHUNK_TYPE = "application/offset+octet-stream"
#: Browsers hide all other headers from a client of another origin.
EXPOSED = (
    "Location, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Defer-Length, Upload-Expires, "
    "Upload-Length, Upload-Metadata, Upload-Offset, Tus-Complete"
)
_KEY = re.compile(r"[!-+\--~]{1,100}")  # ASCII without space and comma
_WHOLE = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an upload is to become. ``length`` is in bytes, None while the client has not said."""

    bucket: str
    name: str
    mime: str
    cache_control: str
    user_metadata: dict[str, Any] | None
    length: int | None


def fault(status: int, message: str) -> StorageError:
    """Return an error of the protocol."""
    return StorageError(status, "TusError", message)


def check_version(headers: dict[str, str]) -> None:
    """Raise StorageError unless the client speaks this version."""
    if headers.get("tus-resumable") != VERSION:
        raise fault(412, "Tus-Resumable Required\n")


def read_wanted(headers: dict[str, str]) -> Wanted:
    """Return what the headers of a creation ask for; raises StorageError."""
    length, deferred = headers.get("upload-length"), headers.get("upload-defer-length")
    if (length is None) == (deferred is None) or deferred not in (None, "1"):
        raise fault(400, "Upload-Length or Upload-Defer-Length header required\n")
    metadata = parse_metadata(headers.get("upload-metadata", ""))
    return Wanted(
        check_bucket_name(metadata.get("bucketName")),
        check_key(metadata.get("objectName")),
        metadata.get("contentType") or OCTETS,
        _cache_control(metadata.get("cacheControl", "")),
        _user_metadata(metadata.get("metadata")),
        None if length is None else whole(length, "upload-length"),
    )


def whole(text: str | None, header: str) -> int:
    """Return the whole number in a header; raises StorageError."""
    if text is None or not _WHOLE.fullmatch(text):
        raise fault(400, f"Invalid {header}\n")
    return int(text)


def parse_metadata(header: str) -> dict[str, str]:
    """Return the pairs of an ``Upload-Metadata`` header; raises StorageError."""
    pairs: dict[str, str] = {}
    for item in header.split(",") if header.strip() else ():
        key, _, value = item.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in pairs:
            raise _bad_metadata()
        try:
            pairs[key] = base64.b64decode(value, validate=True).decode()
        except ValueError:  # no ASCII, no base64, no UTF-8
            raise _bad_metadata() from None
    return pairs


def format_id(bucket: str, name: str, version: str) -> str:
    """Return the last part of an upload's address."""
    return base64.urlsafe_b64encode(f"{bucket}/{name}/{version}".encode()).decode().rstrip("=")


def parse_id(text: str) -> tuple[str, str, str]:
    """Return bucket, object name and version; raises StorageError if the address is none."""
    try:
        path = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        bucket, _, rest = path.partition("/")
        name, _, version = rest.rpartition("/")
        return check_bucket_name(bucket), check_key(name), str(uuid.UUID(version))
    except (ValueError, StorageError):
        raise unknown_upload() from None


def unknown_upload() -> StorageError:
    """Return the error of an upload that is not there."""
    return fault(404, "The file for this url was not found\n")


def format_instant(seconds: float) -> str:
    """Return seconds since 1970 as HTTP writes an instant."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


def _cache_control(seconds: str) -> str:
    return f"max-age={seconds}" if _WHOLE.fullmatch(seconds) else "no-cache"


def _user_metadata(text: str | None) -> dict[str, Any] | None:
    """Return the object in the pair ``metadata``; hosted Storage passes over one that is not JSON."""
    try:
        metadata = orjson.loads(text or "null")
    except orjson.JSONDecodeError:
        return None
    return metadata if isinstance(metadata, dict) else None


def _bad_metadata() -> StorageError:
    return fault(
        400,
        "Upload-Metadata is invalid: it holds comma-separated pairs of a unique ASCII key and a value in base64, "
        "with a space between the two\n",
    )
