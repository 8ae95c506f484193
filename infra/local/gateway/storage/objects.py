"""Objects that are there: moved, copied, removed, described."""

from typing import Any

from infra.local.gateway.callers import Caller
from infra.local.gateway.storage.disk import Disk
from infra.local.gateway.storage.errors import StorageError, denied, duplicate, invalid, no_bucket, no_object
from infra.local.gateway.storage.limits import check_key
from infra.local.gateway.storage.requests import Reply, StorageRequest, need_text, need_texts
from infra.local.gateway.storage.rows import (
    OBJECT,
    NewObject,
    Row,
    Rows,
    find_bucket,
    find_object,
    insert_sql,
    lock_name,
    write_object,
)
from infra.local.gateway.transaction import Asking, Transaction

REMOVE_MAX = 1000  # objects in one request


class Objects:
    """The endpoints below ``/object`` that carry no bytes."""

    def __init__(self, rows: Rows, disk: Disk) -> None:
        self._rows, self._disk = rows, disk

    async def info(self, request: StorageRequest) -> Reply:
        """``GET /object/info/BUCKET/NAME``: what is known of an object."""
        return await self._described(request, self._rows.seen_by(request.caller))

    async def public_info(self, request: StorageRequest) -> Reply:
        """``GET /object/info/public/BUCKET/NAME``: the same of an object in a public bucket, no key needed."""
        work = self._rows.seen_by_service(request.caller)
        if not (await find_bucket(work, request.path["bucket"]))["public"]:
            raise no_bucket()
        return await self._described(request, work)

    async def _described(self, request: StorageRequest, work: Asking) -> Reply:
        row = await find_object(work, request.path["bucket"], check_key(request.path["name"]))
        metadata = row["metadata"] or {}
        return Reply(
            {
                "id": row["id"],
                "name": row["name"],
                "version": row["version"],
                "bucket_id": row["bucket_id"],
                "size": metadata.get("size"),
                "content_type": metadata.get("mimetype"),
                "cache_control": metadata.get("cacheControl"),
                "etag": metadata.get("eTag"),
                "metadata": row["user_metadata"] or {},
                "last_modified": row["updated_at"],
                "created_at": row["created_at"],
            }
        )

    async def remove_one(self, request: StorageRequest) -> Reply:
        """``DELETE /object/BUCKET/NAME``: remove one object."""
        bucket, name = request.path["bucket"], check_key(request.path["name"])
        work = self._rows.seen_by_service(request.caller)
        await find_object(work, bucket, name)
        if not await self._remove(request.caller, bucket, [name]):
            raise denied("Access denied")
        return Reply({"message": "Successfully deleted"})

    async def remove_many(self, request: StorageRequest) -> Reply:
        """``DELETE /object/BUCKET``: remove the named objects that the caller may; answer with those removed."""
        names = need_texts(await request.document(), "prefixes", REMOVE_MAX)
        return Reply(await self._remove(request.caller, request.path["bucket"], names))

    async def move(self, request: StorageRequest) -> Reply:
        """``POST /object/move``: give an object another name or bucket."""
        body = await request.document()
        source, target = _ends(body)
        work = self._rows.seen_by(request.caller)
        row = await find_object(work, *source)
        if source == target:
            return Reply({"message": "Successfully moved"})
        touched = await self._rows.try_as_caller(
            request.caller,
            "update storage.objects set bucket_id = $3, name = $4 where bucket_id = $1 and name = $2",
            *source,
            *target,
        )
        if not touched:
            raise denied()
        await self._move(request.caller, row, target)
        return Reply({"message": "Successfully moved"})

    async def copy(self, request: StorageRequest) -> Reply:
        """``POST /object/copy``: a second object with the same bytes."""
        body = await request.document()
        source, target = _ends(body)
        upsert = request.headers.get("x-upsert", "").lower() == "true"
        work = self._rows.seen_by(request.caller)
        row = await find_object(work, *source)
        copied = await self._copy(request.caller, row, target, upsert, body)
        return Reply({"Key": f"{target[0]}/{target[1]}", "Id": copied["id"], **copied})

    async def _remove(self, caller: Caller, bucket: str, names: list[str]) -> list[Row]:
        async with self._rows.as_caller(caller) as work:
            removed = await work.rows(
                "delete from storage.objects"  # noqa: S608 - the answer's columns are fixed
                f" where bucket_id = $1 and name in (select json_array_elements_text($2)) returning {OBJECT}",
                bucket,
                names,
            )
        await self._disk.remove(*(row["version"] for row in removed))
        return removed

    async def _move(self, caller: Caller, row: Row, target: tuple[str, str]) -> None:
        """Rename the row under a new version, as hosted Storage does; the old version goes after the commit."""
        version = await self._second_version(row)
        with self._disk.provisional(version) as provisional:
            async with self._rows.as_service(caller) as work:
                await _need_free(work, target)
                moved = await work.rows(
                    "update storage.objects set bucket_id = $2, name = $3, version = $4 where id = $1 and version = $5"
                    " returning to_json(id)",
                    row["id"],
                    *target,
                    version,
                    row["version"],
                )
                if not moved:
                    raise no_object()
                provisional.keep()
        await self._disk.remove(row["version"])

    async def _copy(self, caller: Caller, row: Row, target: tuple[str, str], upsert: bool, body: dict[str, Any]) -> Row:
        metadata = {**(row["metadata"] or {}), **_overrides(body)}
        keep = body.get("copyMetadata", True)
        version = await self._second_version(row)
        new = NewObject(*target, caller.subject, version, metadata, row["user_metadata"] if keep else None)
        with self._disk.provisional(version) as provisional:
            sql, values = insert_sql(new, upsert)
            await self._rows.try_as_caller(caller, sql, *values)
            async with self._rows.as_service(caller) as work:
                old = await lock_name(work, *target)
                if old is not None and not upsert:
                    raise duplicate()
                copied = await write_object(work, new, upsert)
                provisional.keep()
        await self._disk.remove(old["version"] if old else None)
        return copied

    async def _second_version(self, row: Row) -> str:
        try:
            return await self._disk.duplicate(row["version"])
        except (FileNotFoundError, ValueError, TypeError):
            raise no_object() from None


async def _need_free(work: Transaction, target: tuple[str, str]) -> None:
    if await lock_name(work, *target):
        raise duplicate()


def _ends(body: dict[str, Any]) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return bucket and name of a move's or copy's source and target; raises StorageError."""
    bucket = need_text(body, "bucketId")
    target_bucket = body.get("destinationBucket") or bucket
    if not isinstance(target_bucket, str):
        raise invalid("body/destinationBucket must be string", "Error")
    return (bucket, need_text(body, "sourceKey")), (target_bucket, check_key(need_text(body, "destinationKey")))


def _overrides(body: dict[str, Any]) -> dict[str, str]:
    """Return the metadata that a copy is given in place of its source's."""
    given = body.get("metadata")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise StorageError(400, "Error", "body/metadata must be object")
    return {name: given[name] for name in ("cacheControl", "mimetype") if isinstance(given.get(name), str)}
