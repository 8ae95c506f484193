"""Sending an object's bytes: whole or a range, with what caches need."""

import asyncio
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import BinaryIO
from urllib.parse import quote

from starlette.types import Send

from infra.local.gateway.http import raw_headers
from infra.local.gateway.storage.disk import Disk
from infra.local.gateway.storage.errors import StorageError, no_bucket, no_object
from infra.local.gateway.storage.limits import check_key
from infra.local.gateway.storage.requests import StorageRequest
from infra.local.gateway.storage.rows import Row, Rows, find_bucket, find_object
from infra.local.gateway.storage.signing import Signing
from infra.local.gateway.transaction import Asking

CHUNK = 256 * 1024  # bytes read at once
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
OPEN_TRIES = 3


class Downloads:
    """The endpoints that answer with bytes."""

    def __init__(self, rows: Rows, disk: Disk, signing: Signing) -> None:
        self._rows, self._disk, self._signing = rows, disk, signing

    async def plain(self, request: StorageRequest, send: Send) -> None:
        """``GET /object/BUCKET/NAME``: anyone's of a public bucket, the visible ones of any other."""
        work = self._rows.seen_by_service(request.caller)
        bucket = await find_bucket(work, request.path["bucket"])
        if bucket["public"]:
            await self._send(request, send, as_service=True)
        elif request.authenticated:
            await self._send(request, send, as_service=False)
        else:
            raise no_bucket()

    async def authenticated(self, request: StorageRequest, send: Send) -> None:
        """``GET /object/authenticated/BUCKET/NAME``: what the caller sees."""
        await self._send(request, send, as_service=False)

    async def public(self, request: StorageRequest, send: Send) -> None:
        """``GET /object/public/BUCKET/NAME``: an object of a public bucket, no key needed."""
        work = self._rows.seen_by_service(request.caller)
        bucket = await find_bucket(work, request.path["bucket"])
        if not bucket["public"]:
            raise no_bucket()
        await self._send(request, send, as_service=True)

    async def signed(self, request: StorageRequest, send: Send) -> None:
        """``GET /object/sign/BUCKET/NAME?token=…``: with the permission of the token."""
        self._signing.check(request, "download")
        await self._send(request, send, as_service=True)

    async def _send(self, request: StorageRequest, send: Send, as_service: bool) -> None:
        row, file = await self._open(request, as_service)
        try:
            await _send_file(request, send, row, file)
        finally:
            file.close()

    async def _open(self, request: StorageRequest, as_service: bool) -> tuple[Row, BinaryIO]:
        """Return the row and its open file; a version replaced in between is looked up again."""
        name = check_key(request.path["name"])
        for _ in range(OPEN_TRIES):
            seen = self._rows.seen_by_service if as_service else self._rows.seen_by
            row = await self._find(seen(request.caller), request.path["bucket"], name)
            try:
                return row, self._disk.open(row["version"] or "")
            except (FileNotFoundError, ValueError):
                continue
        raise StorageError(404, "Not found", "The resource was not found")

    async def _find(self, work: Asking, bucket: str, name: str) -> Row:
        row = await find_object(work, bucket, name)
        if not row["metadata"]:
            raise no_object()
        return row


async def _send_file(request: StorageRequest, send: Send, row: Row, file: BinaryIO) -> None:
    metadata, size = row["metadata"], file.seek(0, 2)
    headers = _headers(request, metadata)
    if _unchanged(request.headers, headers):
        await _start(send, 304, headers)
        await send({"type": "http.response.body", "body": b""})
        return
    first, last = _span(request.headers.get("range", ""), size)
    partial = (first, last) != (0, size - 1)
    if partial:
        headers["content-range"] = f"bytes {first}-{last}/{size}"
    headers["content-length"] = str(last - first + 1)
    await _start(send, 206 if partial else 200, headers)
    if request.caller.method == "HEAD":
        await send({"type": "http.response.body", "body": b""})
        return
    await _send_span(send, file, first, last)


async def _send_span(send: Send, file: BinaryIO, first: int, last: int) -> None:
    file.seek(first)
    left = last - first + 1
    while left > 0:
        data = await asyncio.to_thread(file.read, min(CHUNK, left))
        if not data:
            raise OSError("the object's file is shorter than it was")
        left -= len(data)
        await send({"type": "http.response.body", "body": data, "more_body": left > 0})
    if last < first:
        await send({"type": "http.response.body", "body": b""})


async def _start(send: Send, status: int, headers: dict[str, str]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": raw_headers(headers)})


def _headers(request: StorageRequest, metadata: Row) -> dict[str, str]:
    """Return the headers of an object's bytes."""
    mime = str(metadata.get("mimetype") or "application/octet-stream")
    headers = {
        "accept-ranges": "bytes",
        # Hosted Storage never shows uploaded HTML as a page of its own site.
        "content-type": "text/plain" if "text/html" in mime else mime,
        "etag": str(metadata.get("eTag", "")),
        "last-modified": format_datetime(_modified(metadata), usegmt=True),
        "cache-control": str(metadata.get("cacheControl") or "no-cache"),
    }
    if "download" in request.query:
        headers["content-disposition"] = _disposition(request.query["download"])
    return headers


def _modified(metadata: Row) -> datetime:
    try:
        return datetime.fromisoformat(str(metadata.get("lastModified"))).astimezone(UTC).replace(microsecond=0)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def _disposition(name: str) -> str:
    if not name:
        return "attachment"
    encoded = quote(name, safe="!'()*~")
    return f"attachment; filename={encoded}; filename*=UTF-8''{encoded}"


def _unchanged(asked: dict[str, str], headers: dict[str, str]) -> bool:
    """Tell whether the client's copy is good (RFC 9110, section 13)."""
    tags = asked.get("if-none-match")
    if tags is not None:
        return any(tag.strip().removeprefix("W/") in (headers["etag"], "*") for tag in tags.split(","))
    try:
        return parsedate_to_datetime(asked["if-modified-since"]) >= parsedate_to_datetime(headers["last-modified"])
    except (KeyError, ValueError, TypeError):
        return False


def _span(header: str, size: int) -> tuple[int, int]:
    """Return first and last byte to send; what is no single byte range means all. Raises StorageError (416)."""
    match = RANGE.fullmatch(header.strip())
    if match is None or not (match[1] or match[2]):
        return 0, size - 1
    if not match[1]:
        first, last = max(size - int(match[2]), 0), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
    if first >= size or last < first:
        raise StorageError(416, "InvalidRange", "The requested range is not satisfiable", 416)
    return first, last
