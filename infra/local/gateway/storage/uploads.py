"""Uploads: first the permission, then the bytes, then the row, which so appears once and complete.

As on hosted Storage the permission is tried as the caller and undone; the row itself is written by the service role.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.local.gateway.callers import Caller
from infra.local.gateway.storage.disk import Disk, Provisional, Sink
from infra.local.gateway.storage.errors import duplicate, too_large
from infra.local.gateway.storage.limits import check_key, check_mime_type
from infra.local.gateway.storage.receive import Traits, upload_body
from infra.local.gateway.storage.requests import Reply, StorageRequest
from infra.local.gateway.storage.rows import NewObject, Row, Rows, find_bucket, insert_sql, lock_name, write_object


@dataclass(frozen=True, slots=True)
class Target:
    """Where an upload goes; ``trusted`` when a signed address has already given the permission."""

    bucket: str
    name: str
    owner_id: str | None
    upsert: bool
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes on disk: their version, entity tag and size."""

    version: str
    etag: str
    size: int


class Uploads:
    """Takes objects in."""

    def __init__(self, rows: Rows, disk: Disk, file_size_limit: int) -> None:
        self._rows, self._disk, self.file_size_limit = rows, disk, file_size_limit

    async def create(self, request: StorageRequest) -> Reply:
        """``POST /object/BUCKET/NAME``: a new object; with ``x-upsert: true`` also a new version of an old one."""
        return await self._upload(request, request.headers.get("x-upsert", "").lower() == "true")

    async def update(self, request: StorageRequest) -> Reply:
        """``PUT /object/BUCKET/NAME``: a new version, or a new object."""
        return await self._upload(request, True)

    async def take(self, request: StorageRequest, target: Target) -> Row:
        """Take the request's body in as the target's bytes and return the object's row. Raises StorageError."""
        bucket = await self._bucket(request.caller, target.bucket)
        body = upload_body(request.receive, request.headers)
        traits = await body.start()
        limit = self._check(bucket, traits)
        if not target.trusted:
            await self.permit(request.caller, target, traits)
        return await self._store(request.caller, target, traits, body.chunks(), limit)

    async def limit(self, caller: Caller, target: Target, traits: Traits) -> int:
        """Return the most bytes that the target's bucket takes; raises StorageError if it does not take these."""
        return self._check(await self._bucket(caller, target.bucket), traits)

    async def permit(self, caller: Caller, target: Target, traits: Traits) -> None:
        """Raise DatabaseError unless row level security lets the caller write the object."""
        metadata: dict[str, Any] = {"mimetype": traits.mime, "cacheControl": traits.cache_control}
        if traits.announced is not None:
            metadata |= {"size": traits.announced, "contentLength": traits.announced}
        trial = NewObject(target.bucket, target.name, target.owner_id, "1", metadata, traits.user_metadata)
        sql, values = insert_sql(trial, target.upsert)
        await self._rows.try_as_caller(caller, sql, *values)

    async def _upload(self, request: StorageRequest, upsert: bool) -> Reply:
        name = check_key(request.path["name"])
        target = Target(request.path["bucket"], name, request.caller.subject, upsert)
        row = await self.take(request, target)
        return Reply({"Key": f"{target.bucket}/{name}", "Id": row["id"]})

    def _check(self, bucket: Row, traits: Traits) -> int:
        limit = min(bucket["file_size_limit"] or self.file_size_limit, self.file_size_limit)
        if (traits.announced or 0) > limit:
            raise too_large()
        check_mime_type(traits.mime, bucket["allowed_mime_types"])
        return limit

    async def _bucket(self, caller: Caller, bucket: str) -> Row:
        work = self._rows.seen_by_service(caller)
        return await find_bucket(work, bucket)

    async def _store(
        self, caller: Caller, target: Target, traits: Traits, chunks: AsyncIterator[bytes], limit: int
    ) -> Row:
        with self._disk.sink() as sink, self._disk.provisional(sink.version) as provisional:
            await _fill(sink, chunks, limit)
            stored = Stored(sink.version, sink.etag, sink.size)
            row, replaced = await self._write_row(caller, target, traits, stored, provisional)
        await self._disk.remove(replaced)
        return row

    async def publish(self, caller: Caller, target: Target, traits: Traits, stored: Stored) -> None:
        """Write the row of bytes that are on disk under their version; doing it again changes nothing."""
        with self._disk.provisional(stored.version) as provisional:
            _, replaced = await self._write_row(caller, target, traits, stored, provisional)
        if replaced != stored.version:
            await self._disk.remove(replaced)

    async def _write_row(
        self, caller: Caller, target: Target, traits: Traits, stored: Stored, provisional: Provisional
    ) -> tuple[Row, str | None]:
        """Write the row of a finished file; return it and the version that it replaced."""
        new = NewObject(
            target.bucket,
            target.name,
            target.owner_id,
            stored.version,
            object_metadata(stored.etag, stored.size, traits.mime, traits.cache_control),
            traits.user_metadata,
        )
        async with self._rows.as_service(caller) as work:
            old = await lock_name(work, target.bucket, target.name)
            if old is not None and old["version"] == stored.version:
                provisional.keep()
                return old, stored.version
            if old is not None and not target.upsert:
                raise duplicate()
            row = await write_object(work, new, target.upsert)
            provisional.keep()
        return row, old["version"] if old else None


def object_metadata(etag: str, size: int, mime: str, cache_control: str) -> dict[str, Any]:
    """Return the metadata that hosted Storage keeps of an object's bytes."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "eTag": etag,
        "size": size,
        "mimetype": mime,
        "cacheControl": cache_control,
        "lastModified": now,
        "contentLength": size,
        "httpStatusCode": 200,
    }


async def _fill(sink: Sink, chunks: AsyncIterator[bytes], limit: int) -> None:
    async for chunk in chunks:
        if sink.size + len(chunk) > limit:
            raise too_large()
        await sink.write(chunk)
    await sink.finish()
